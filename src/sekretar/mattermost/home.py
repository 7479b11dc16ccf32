"""The direct messages with the bot: where a person is at home.

What is written there is an answer to a question, else a command without its slash, else a wish to see what can
be done. The first contact is a welcome that leads to one action, once in a person's life.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person, Plain, Preference
from sekretar.mattermost.chat import (
    CommandRequest,
    EditedPost,
    IncomingPost,
    IncomingReaction,
    PostListener,
    Reply,
    Subcommand,
)
from sekretar.mattermost.commands import HOME, Commands
from sekretar.mattermost.conversations import Conversations
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.events import DirectAdded, Posted, PostEdited, Reacted
from sekretar.mattermost.menu import Menu
from sekretar.mattermost.messages import Message
from sekretar.mattermost.models import Post, milliseconds
from sekretar.mattermost.opening import Opening
from sekretar.mattermost.parsing import Arguments
from sekretar.mattermost.troubles import explain

WELCOMED: Final = Preference("home.welcomed", False, Plain(bool))


class Home:
    """Answers direct messages, and passes on what is said elsewhere."""

    def __init__(
        self,
        desk: Desk,
        commands: Commands,
        opening: Opening,
        conversations: Conversations,
        menu: Menu,
    ) -> None:
        self._desk = desk
        self._commands = commands
        self._opening = opening
        self._conversations = conversations
        self._menu = menu

    def register(self) -> None:
        """Hang the bare `/sekretar` into the chat."""
        self._desk.chat.command(
            Subcommand(
                trigger=HOME,
                name="",
                aliases=("menu", "меню"),
                help_key="mattermost.home.menu_help",
                handler=self._opened,
            )
        )

    async def on_posted(self, event: Posted) -> None:
        """For the listener: somebody wrote something."""
        written = event.post
        overhearing = () if event.is_direct else self._desk.chat.post_listeners(written.message)
        if not (event.is_direct or overhearing) or written.is_system or written.is_automatic:
            return
        person = await self._writer(written.user_id)
        if person is None:
            return
        t, now = self._desk.translator(person), self._desk.now()
        post = IncomingPost(
            id=written.id,
            person=person,
            t=t,
            channel_id=written.channel_id,
            root_id=written.root_id,
            text=written.message,
            direct=event.is_direct,
            said_at=_said_at(written, now),
            now=now,
            file_ids=tuple(written.file_ids),
        )
        if not post.direct:
            await self._overhear(post, overhearing)
            return
        try:
            await self._answer(post)
        except Exception as error:
            await self._say(post, Message(explain(error, t, "direct message")))

    async def on_edited(self, event: PostEdited) -> None:
        """For the listener: somebody made a post of theirs say something else."""
        written, listeners = event.post, self._desk.chat.edit_listeners
        if not listeners or written.is_system or written.is_automatic:
            return
        person = await self._writer(written.user_id)
        if person is None:
            return
        now = self._desk.now()
        post = EditedPost(
            id=written.id,
            person=person,
            t=self._desk.translator(person),
            channel_id=written.channel_id,
            root_id=written.root_id,
            text=written.message,
            said_at=_said_at(written, now),
            now=now,
            file_ids=tuple(written.file_ids),
        )
        for listener in listeners:
            await listener(post)

    async def on_reacted(self, event: Reacted) -> None:
        """For the listener: somebody put an emoji under a post, or took it away."""
        reaction = event.reaction
        listener = self._desk.chat.find_reaction(reaction.emoji_name)
        if listener is None or event.removed or reaction.create_at is None:
            return
        person = await self._writer(reaction.user_id)
        if person is None:
            return
        t, now = self._desk.translator(person), self._desk.now()
        incoming = IncomingReaction(
            person, t, reaction.post_id, event.channel_id, reaction.emoji_name, reaction.create_at, now
        )
        try:
            await listener(incoming)
        except Exception as error:
            key = f"reacted:{person.id}:{reaction.post_id}:{milliseconds(reaction.create_at)}"
            await self._tell(person, key, Message(explain(error, t, f"reaction {reaction.emoji_name}")))

    async def on_direct_added(self, event: DirectAdded) -> None:
        """For the listener: a person opened a direct channel with the bot."""
        person = await self._writer(event.creator_id)
        if person is not None:
            await self.welcome(person)

    async def welcome(self, person: Person) -> bool:
        """Welcome a person; False when they have been welcomed before."""
        message = await self._menu.welcome(person, self._desk.translator(person))
        async with self._desk.database.transaction() as session:
            if await WELCOMED.read(session, person.id):
                return False
            await WELCOMED.write(session, person.id, True)
            return await self._desk.tell(session, f"welcome:{person.id}", person, message)

    async def _answer(self, post: IncomingPost) -> None:
        if await self._conversations.hear(post):
            return
        said = self._commands.said(post.text)
        if said is not None:
            await self._command(post, *said)
        elif (question := self._commands.ambiguous(post.text, post.t)) is not None:
            await self._say(post, question)
        elif not await self.welcome(post.person):
            await self._say(post, await self._menu.message(post.person, post.t))

    async def _command(self, post: IncomingPost, trigger: str, text: str) -> None:
        request = CommandRequest(
            person=post.person,
            t=post.t,
            trigger=trigger,
            args=Arguments(),
            text=text,
            channel_id=post.channel_id,
            team_id="",
            root_id="",
            trigger_id="",
            response_url="",
            now=post.now,
        )
        reply = await self._commands.run(request)
        if reply.message is not None:
            await self._say(post, reply.message)
        if reply.form is not None:
            # The question itself appears right here; that it was asked here need not be said.
            await self._opening.open(reply.form, post.person, trigger_id="", channel_id=post.channel_id)

    async def _opened(self, request: CommandRequest) -> Reply:
        async with self._desk.database.transaction() as session:
            welcomed = await WELCOMED.read(session, request.person.id)
            if not welcomed:
                await WELCOMED.write(session, request.person.id, True)
        if not welcomed:
            return Reply(await self._menu.welcome(request.person, request.t))
        return Reply(await self._menu.message(request.person, request.t))

    async def _overhear(self, post: IncomingPost, listeners: Sequence[PostListener]) -> None:
        for listener in listeners:
            if await listener(post):
                return

    async def _writer(self, user_id: str) -> Person | None:
        """Who did it; None for users that are gone."""
        try:
            return await self._desk.known(user_id)
        except PersonError:
            return None

    async def _say(self, post: IncomingPost, message: Message) -> None:
        await self._tell(post.person, f"said:{post.id}", message)

    async def _tell(self, person: Person, key: str, message: Message) -> None:
        async with self._desk.database.transaction() as session:
            await self._desk.tell(session, key, person, message)


def _said_at(post: Post, now: datetime) -> datetime:
    return post.edit_at or post.create_at or now
