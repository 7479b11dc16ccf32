"""What a feature hangs into the chat, and the values it exchanges with it.

A feature never sees an HTTP body, a signature or a trigger's three seconds. It registers commands, actions,
forms and menu entries with a `Chat` at start; the chat surface checks, opens and times everything and calls
the handlers with typed values. A name registered twice is a mistake of ours and is refused at once.

Any handler may raise `PersonError` (its text goes to the person) or let a `PeerError` pass (the person reads
an honest short sentence); anything else is logged under an incident number that the person sees as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, JsonScalar
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message, Style
from sekretar.mattermost.parsing import Arguments, fold

Record = Mapping[str, JsonScalar]


class Stale(PersonError):
    """What the buttons of a post are about is over or gone: the person reads why, and the buttons are taken away."""


@dataclass(frozen=True)
class OpenForm:
    """Ask the person to fill in a registered form; the surface chooses dialog or step-by-step questions.

    `record` reaches the form's handlers. In a dialog it travels through the client, so it holds no secrets.
    `dialog_only` is for forms that must never be typed into the chat.
    """

    form_id: str
    record: Record = field(default_factory=dict)
    dialog_only: bool = False


@dataclass(frozen=True)
class CommandRequest:
    """A slash command, or the same words said to the bot in a direct message (then the ids may be empty)."""

    person: Person
    t: Translator
    trigger: str
    args: Arguments
    text: str
    channel_id: str
    team_id: str
    root_id: str
    trigger_id: str
    response_url: str
    now: datetime


@dataclass(frozen=True)
class Reply:
    """The answer to a command: a message, a form to open, or both. Silence is allowed but unkind.

    `ephemeral` answers are seen by the asker alone; others are posted to the channel by the bot.
    """

    message: Message | None = None
    ephemeral: bool = True
    form: OpenForm | None = None


@dataclass(frozen=True)
class Click:
    """A pressed button or a chosen option. `selected` is supplied by the client: check it like any input."""

    person: Person
    t: Translator
    record: Record
    selected: str
    claim: Claim
    trigger_id: str
    post_id: str
    channel_id: str
    team_id: str
    now: datetime


@dataclass(frozen=True)
class ClickReply:
    """What a click does to its post and what the clicker alone is told.

    `update` replaces the post; `clear_buttons` keeps its words and takes its buttons away.
    """

    update: Message | None = None
    clear_buttons: bool = False
    ephemeral: Message | Markdown | None = None
    form: OpenForm | None = None


@dataclass(frozen=True)
class FormRequest:
    """Somebody is about to fill in a form."""

    person: Person
    t: Translator
    record: Record
    now: datetime


@dataclass(frozen=True)
class FormSubmit:
    """A filled-in form. The values have passed the fields' own checks; check rights on the record anew."""

    person: Person
    t: Translator
    record: Record
    values: Mapping[str, str | bool]
    now: datetime


@dataclass(frozen=True)
class FormOutcome:
    """What came of a form: errors by field ("" for the form as a whole), or a message about what was done.

    The message goes to the person's direct messages: a dialog has nothing to say once it is closed.
    """

    message: Message | None = None
    errors: Mapping[str, PersonError] = field(default_factory=dict)


CommandHandler = Callable[[CommandRequest], Awaitable[Reply]]
ActionHandler = Callable[[Click], Awaitable[ClickReply]]
Available = Callable[[Person], Awaitable[bool]]


@dataclass(frozen=True)
class FormHandler:
    """The two halves of a form. `build` is called for every question and at submission: keep it cheap."""

    build: Callable[[FormRequest], Awaitable[Form]]
    submit: Callable[[FormSubmit], Awaitable[FormOutcome]]


@dataclass(frozen=True)
class Subcommand:
    """`/trigger name …`. The empty name is what the bare `/trigger` does; without one it prints the help.

    `trigger` is the product's own word for it (calendar, task, incident, sekretar); the word people type may
    be configured otherwise. `usage_key` and `help_key` are catalogue keys; an empty usage means "no
    arguments".
    """

    trigger: str
    name: str
    help_key: str
    handler: CommandHandler
    usage_key: str = ""
    aliases: tuple[str, ...] = ()
    admin: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Otherwise:
    """What a trigger does with words that name none of its subcommands, such as `/calendar 12.03`.

    `fits` says whether the words can be meant for it, whoever says them; all others are asked back.
    """

    trigger: str
    fits: Callable[[str], bool]
    handler: CommandHandler


@dataclass(frozen=True)
class ActionSpec:
    """A registered action. `once`: the click is used up by success, a second one is told so."""

    name: str
    handler: ActionHandler
    once: bool = False


@dataclass(frozen=True)
class MenuEntry:
    """A button of the home menu. The first available `primary` entry is the one action of the welcome."""

    label_key: str
    action: str
    order: int
    available: Available | None = None
    primary: bool = False
    record: Record = field(default_factory=dict)
    style: Style = "default"


@dataclass(frozen=True, kw_only=True)
class EditedPost:
    """A message that its writer, where the bot can read it, has made say something else.

    `said_at` is when it began to say this, by the server's clock: of two such moments the later one counts.
    """

    id: str
    person: Person
    t: Translator
    channel_id: str
    root_id: str
    text: str
    said_at: datetime
    now: datetime
    file_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IncomingPost(EditedPost):
    """A message somebody wrote where the bot can read it; `direct` is the person's own channel with it."""

    direct: bool


#: True: the post is dealt with and goes no further.
PostListener = Callable[[IncomingPost], Awaitable[bool]]
EditListener = Callable[[EditedPost], Awaitable[None]]


def any_text(_text: str) -> bool:
    """For listeners to whom every post may matter."""
    return True


@dataclass(frozen=True)
class PostHook:
    """Who looks at posts in channels; `fits` is asked of the text first, for each of them, so it has to be quick."""

    listener: PostListener
    fits: Callable[[str], bool]


@dataclass(frozen=True)
class IncomingReaction:
    """An emoji (a name without colons) that somebody put under a post where the bot can read.

    `at` is when, so that reacting again is another act.
    """

    person: Person
    t: Translator
    post_id: str
    channel_id: str
    emoji: str
    at: datetime
    now: datetime


ReactionListener = Callable[[IncomingReaction], Awaitable[None]]


class Chat:
    """The registry of everything that people can do in the chat."""

    def __init__(self) -> None:
        self._commands: dict[str, list[Subcommand]] = {}
        self._otherwise: dict[str, Otherwise] = {}
        self._actions: dict[str, ActionSpec] = {}
        self._forms: dict[str, FormHandler] = {}
        self._menu: list[MenuEntry] = []
        self._posts: list[PostHook] = []
        self._edits: list[EditListener] = []
        self._reactions: dict[str, ReactionListener] = {}

    def command(self, subcommand: Subcommand) -> None:
        """Register a subcommand. Raises ValueError when its name or an alias is taken in its trigger."""
        known = self._commands.setdefault(subcommand.trigger, [])
        taken = {fold(word) for each in known for word in each.words}
        words = [fold(word) for word in subcommand.words]
        if len(set(words)) < len(words) or taken.intersection(words):
            raise ValueError(f"/{subcommand.trigger} {subcommand.name}: a word is registered twice")
        known.append(subcommand)

    def otherwise(self, otherwise: Otherwise) -> None:
        """Register what is done with other words. Raises ValueError when the trigger has such a thing already."""
        if otherwise.trigger in self._otherwise:
            raise ValueError(f"/{otherwise.trigger} …: other words are registered twice")
        self._otherwise[otherwise.trigger] = otherwise

    def action(self, name: str, handler: ActionHandler, *, once: bool = False) -> None:
        """Register what the buttons of this name do. Raises ValueError when the name is taken."""
        if name in self._actions:
            raise ValueError(f"action {name} is registered twice")
        self._actions[name] = ActionSpec(name, handler, once)

    def form(self, form_id: str, handler: FormHandler) -> None:
        """Register a form. Raises ValueError when the id is taken."""
        if form_id in self._forms:
            raise ValueError(f"form {form_id} is registered twice")
        self._forms[form_id] = handler

    def menu(self, entry: MenuEntry) -> None:
        """Offer an action in the home menu. Raises ValueError when it is offered already."""
        if any((each.action, dict(each.record)) == (entry.action, dict(entry.record)) for each in self._menu):
            raise ValueError(f"menu entry {entry.action} is registered twice")
        self._menu.append(entry)

    def on_post(self, listener: PostListener, fits: Callable[[str], bool] = any_text) -> None:
        """Look at what is written in channels the bot is a member of, where the text fits.

        Nothing is looked up, not even who wrote it, for a post that fits nobody.
        """
        self._posts.append(PostHook(listener, fits))

    def on_edit(self, listener: EditListener) -> None:
        """Look at posts that say something else now, wherever the bot reads them."""
        self._edits.append(listener)

    def on_reaction(self, emoji: str, listener: ReactionListener) -> None:
        """Act on an emoji (a name without colons). Raises ValueError when it has a meaning already."""
        if emoji in self._reactions:
            raise ValueError(f":{emoji}: is registered twice")
        self._reactions[emoji] = listener

    def subcommands(self, trigger: str) -> tuple[Subcommand, ...]:
        return tuple(self._commands.get(trigger, ()))

    def find_otherwise(self, trigger: str, text: str) -> Otherwise | None:
        """Who takes these words, which begin with no subcommand."""
        found = self._otherwise.get(trigger)
        return found if found is not None and found.fits(text) else None

    @property
    def triggers(self) -> tuple[str, ...]:
        """The triggers that have at least one subcommand, in order of registration."""
        return tuple(self._commands)

    def find_action(self, name: str) -> ActionSpec | None:
        return self._actions.get(name)

    def find_form(self, form_id: str) -> FormHandler | None:
        return self._forms.get(form_id)

    def find_reaction(self, emoji: str) -> ReactionListener | None:
        """Who acts on an emoji."""
        return self._reactions.get(emoji)

    @property
    def menu_entries(self) -> tuple[MenuEntry, ...]:
        return tuple(sorted(self._menu, key=lambda entry: entry.order))

    @property
    def edit_listeners(self) -> tuple[EditListener, ...]:
        return tuple(self._edits)

    def post_listeners(self, text: str) -> tuple[PostListener, ...]:
        """Who wants to look at a post with this text."""
        return tuple(hook.listener for hook in self._posts if hook.fits(text))
