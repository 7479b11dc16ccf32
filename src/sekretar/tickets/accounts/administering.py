"""`/task map`: who is who in the trackers, by the administrator's word alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, code, table
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import MOST_ACTIONS, Attachment, Button, Message
from sekretar.mattermost.parsing import fold
from sekretar.tickets.accounts.identities import Identities, Identity
from sekretar.tickets.accounts.lines import Pair, read_lines
from sekretar.tickets.accounts.mapping import Mapping, Result
from sekretar.tickets.accounts.model import Origin
from sekretar.trackers.values import Can

IMPORT_FORM = "tickets.map"
PAGE, AUTO, CONFIRM, IMPORT = (
    "tickets.map.page",
    "tickets.map.auto",
    "tickets.map.confirm",
    "tickets.map.import",
)

#: People on a page of the table.
ON_PAGE = 20
#: Lines of a list that are shown; the rest is counted.
MOST_SHOWN = 60
#: A textarea of Mattermost takes no more.
_LONGEST_TYPED = 3000
_AUTO_WORDS = frozenset({"auto", "авто"})
_IMPORT_WORDS = frozenset({"csv", "import", "импорт"})
_NOBODY = frozenset({"-", "none", "нет"})


@dataclass(frozen=True)
class MappingChat:
    """The command, the form and the buttons of the administrator."""

    desk: Desk
    identities: Identities
    mapping: Mapping

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "map",
                "tickets.help.map",
                self.map,
                "tickets.usage.map",
                aliases=("сопоставить", "люди"),
                admin=True,
            )
        )
        chat.form(IMPORT_FORM, FormHandler(self.form, self.submitted))
        chat.action(PAGE, self.page_clicked)
        chat.action(AUTO, self.auto_clicked)
        chat.action(CONFIRM, self.confirm_clicked)
        chat.action(IMPORT, self.import_clicked)

    async def map(self, request: CommandRequest) -> Reply:
        words, t = request.args.words, request.t
        if not words:
            return Reply(await self._page(0, t))
        if fold(words[0]) in _AUTO_WORDS:
            return Reply(await self._proposal(self._tracker(request.args.get(1)), t))
        if fold(words[0]) in _IMPORT_WORDS:
            return Reply(form=OpenForm(IMPORT_FORM, {"tracker": self._tracker(request.args.get(1))}))
        if not words[0].startswith("@") or len(words) < 2:
            raise PersonError("tickets.map.how")
        login = "" if words[1] in _NOBODY else words[1]
        pair = Pair(words[0][1:].lower(), login)
        return Reply(_results(await self.mapping.apply(self._tracker(request.args.get(2)), [pair]), (), t))

    def _tracker(self, word: str) -> str:
        """The tracker that is meant: the only one, or the one that is named."""
        sites = self.identities.sites
        found = next((name for name in sites if fold(name) == fold(word)), None)
        if not word and len(sites) == 1:
            found = next(iter(sites))
        if found is None:
            raise PersonError("tickets.tracker.unknown", given=word, known=", ".join(sites))
        return self.mapping.site(found).name

    async def _check(self, person: Person) -> None:
        """A button or a form outlives the right of whoever got it."""
        if "system_admin" not in (await self.desk.server.user(person.user_id)).role_names:
            raise PersonError("mattermost.command.admin_only")

    # --- the table

    async def page_clicked(self, click: Click) -> ClickReply:
        await self._check(click.person)
        page = click.record.get("page", 0)
        return ClickReply(update=await self._page(page if isinstance(page, int) else 0, click.t))

    async def _page(self, page: int, t: Translator) -> Message:
        async with self.desk.database.reading() as session:
            people = sorted(await self.desk.people.active(session), key=lambda each: each.username)
        shown = people[page * ON_PAGE : (page + 1) * ON_PAGE]
        known = {
            (each.person_id, each.tracker): each
            for tracker in self.identities.sites
            for each in await self.identities.in_tracker(tracker)
        }
        rows = [
            [
                f"@{person.username}",
                *(_cell(known.get((person.id, name)), t) for name in self.identities.sites),
            ]
            for person in shown
        ]
        text = Markdown("\n\n").join(
            [
                t.plural("tickets.map.title", len(people)),
                table([t("tickets.map.person"), *self.identities.sites], rows),
            ]
        )
        alike = [
            Button(t.plain("tickets.map.auto", tracker=name), AUTO, {"tracker": name})
            for name, site in self.identities.sites.items()
            if Can.ACT_FOR_PEOPLE in site.capabilities
        ]
        ways = _ways(page, len(people) > (page + 1) * ON_PAGE, t)
        return Message(text, (ways, Attachment(actions=tuple(alike[:MOST_ACTIONS]))) if alike else (ways,))

    # --- by equal login or mail

    async def auto_clicked(self, click: Click) -> ClickReply:
        await self._check(click.person)
        tracker = self._tracker(str(click.record.get("tracker", "")))
        return ClickReply(ephemeral=await self._proposal(tracker, click.t))

    async def _proposal(self, tracker: str, t: Translator) -> Message:
        pairs = await self.mapping.proposals(tracker)
        if not pairs:
            return Message(t("tickets.map.nothing_alike", tracker=tracker))
        rows = [[f"@{pair.username}", code(pair.login)] for pair in pairs[:MOST_SHOWN]]
        text = Markdown("\n\n").join(
            [
                t.plural("tickets.map.alike", len(pairs), tracker=tracker),
                table([t("tickets.map.person"), t("tickets.map.login")], rows),
            ]
        )
        record = {"tracker": tracker, "seen": _digest(pairs)}
        confirm = Button(t.plain_plural("tickets.map.confirm", len(pairs)), CONFIRM, record, style="primary")
        return Message(text, (Attachment(actions=(confirm,)),))

    async def confirm_clicked(self, click: Click) -> ClickReply:
        await self._check(click.person)
        tracker = self._tracker(str(click.record.get("tracker", "")))
        pairs = await self.mapping.proposals(tracker)
        if _digest(pairs) != click.record.get("seen"):
            # Only what was looked at is done.
            return ClickReply(update=await self._proposal(tracker, click.t))
        return ClickReply(update=_results(await self.mapping.apply(tracker, pairs), (), click.t))

    # --- a list

    async def import_clicked(self, click: Click) -> ClickReply:
        await self._check(click.person)
        return ClickReply(form=OpenForm(IMPORT_FORM, {}))

    async def form(self, request: FormRequest) -> Form:
        await self._check(request.person)
        t, chosen = request.t, str(request.record.get("tracker", ""))
        sites = tuple(self.identities.sites)
        tracker = Field(
            "tracker",
            FieldKind.CHOICE,
            t.plain("tickets.map.tracker"),
            default=chosen or sites[0],
            choices=tuple(Choice(name, name) for name in sites),
        )
        lines = Field("lines", FieldKind.TEXTAREA, t.plain("tickets.map.lines"), max_length=_LONGEST_TYPED)
        fields = (lines,) if len(sites) == 1 else (tracker, lines)
        return Form(IMPORT_FORM, t.plain("tickets.map.form"), t("tickets.map.intro"), fields)

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        await self._check(submit.person)
        tracker = self._tracker(str(submit.values.get("tracker", "")))
        lines = read_lines(str(submit.values["lines"]))
        if not lines.pairs:
            return FormOutcome(errors={"lines": PersonError("tickets.map.no_lines")})
        return FormOutcome(
            _results(await self.mapping.apply(tracker, lines.pairs), lines.unreadable, submit.t)
        )


def _digest(pairs: Sequence[Pair]) -> str:
    said = "\n".join(f"{pair.username},{pair.login}" for pair in pairs)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _cell(identity: Identity | None, t: Translator) -> Markdown:
    if identity is None:
        return t("tickets.map.unknown")
    how = "refused" if identity.refused else "own" if identity.origin is Origin.OWN else "by_word"
    return t(f"tickets.map.cell_{how}", login=identity.login)


def _ways(page: int, is_more: bool, t: Translator) -> Attachment:
    buttons = (
        *((Button(t.plain("tickets.map.previous"), PAGE, {"page": page - 1}),) if page else ()),
        *((Button(t.plain("tickets.map.next"), PAGE, {"page": page + 1}),) if is_more else ()),
        Button(t.plain("tickets.map.import"), IMPORT),
    )
    return Attachment(actions=buttons)


def _results(results: Sequence[Result], unreadable: Sequence[str], t: Translator) -> Message:
    """What became of each line; those that failed come first."""
    done = sum(result.done for result in results)
    lines = [t.plural("tickets.map.done", done, total=len(results))]
    lines += [
        Markdown(f"* ❌ {t('tickets.map.unreadable', line=line[:60])}") for line in unreadable[:MOST_SHOWN]
    ]
    for result in sorted(results, key=lambda each: each.done)[:MOST_SHOWN]:
        said = t.error(result.remark.as_error())
        about = t(
            "tickets.map.line", name=f"@{result.pair.username}", login=result.pair.login or "–", said=said
        )
        lines.append(Markdown(f"* {'✅' if result.done else '❌'} {about}"))
    return Message(Markdown("\n").join(lines))
