"""A click from request to answer. Never unanswered, never on behalf of anybody else, never twice by accident."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select

from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, Expired, Forged
from sekretar.kernel.text import POST_LIMIT, Markdown, truncate
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.chat import ActionSpec, Click, ClickReply, Stale
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.delivery import KEY_PROP, MARK_PROP
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.ledger import DirectChannelRow
from sekretar.mattermost.messages import Message, Rendered, flatten, markdown
from sekretar.mattermost.once import Once
from sekretar.mattermost.opening import Opening
from sekretar.mattermost.requests import ActionCall
from sekretar.mattermost.security import NotAccepted, Watch
from sekretar.mattermost.slash import ANSWER_WITHIN
from sekretar.mattermost.troubles import explain

_log = structlog.get_logger(__name__)


@dataclass
class _Attempt:
    """One click on its way."""

    call: ActionCall
    claim: Claim
    person: Person | None = None


class Clicks:
    """Answers clicks."""

    def __init__(
        self,
        desk: Desk,
        opening: Opening,
        deadline: Deadline,
        watch: Watch,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._desk = desk
        self._opening = opening
        self._deadline = deadline
        self._watch = watch
        self._once = Once(desk.database, desk.clock)
        self._answer_within = answer_within

    async def answer(self, call: ActionCall) -> dict[str, Any]:
        """The body of the answer.

        Raises:
            NotAccepted: the claim was not sealed by us for this action.
        """
        attempt = _Attempt(call, self._opened(call))

        async def follow(body: dict[str, Any]) -> None:
            await self._follow(attempt, body)

        body = await self._deadline.run(self._body(attempt), self._answer_within, follow)
        if body is not None:
            return body
        return _whisper(self._desk.translator(attempt.person)("mattermost.click.moment"))

    def _opened(self, call: ActionCall) -> Claim:
        try:
            return self._desk.signer.open(call.claim, f"action:{call.action}", self._desk.now())
        except Expired as expired:
            return expired.claim
        except Forged:
            self._watch.note("forged_action", action=call.action, user_id=call.user_id)
            raise NotAccepted(401) from None

    async def _body(self, attempt: _Attempt) -> dict[str, Any]:
        try:
            attempt.person = await self._desk.known(attempt.call.user_id)
            spec = await self._allowed(attempt.call, attempt.claim, attempt.person)
            reply = await self._act(spec, attempt.call, attempt.claim, attempt.person)
            return await self._rendered(reply, attempt.call, attempt.person)
        except Exception as error:
            t = self._desk.translator(attempt.person)
            told = _whisper(explain(error, t, f"action {attempt.call.action}"))
            if isinstance(error, Stale) and not attempt.call.ephemeral:
                return await self._cleared(attempt.call.post_id) | told
            return told

    async def _allowed(self, call: ActionCall, claim: Claim, person: Person) -> ActionSpec:
        if claim.person not in (0, person.id):
            self._watch.note("foreign_click", action=call.action, user_id=call.user_id)
            async with self._desk.database.reading() as session:
                owner = await self._desk.people.by_id(session, claim.person)
            if owner is None:
                raise PersonError("mattermost.click.not_yours")
            raise PersonError("mattermost.click.for_somebody", name=f"@{owner.username}")
        if self._desk.now() > claim.expires_at:
            raise PersonError("mattermost.click.expired")
        spec = self._desk.chat.find_action(call.action)
        if spec is None:
            raise PersonError("mattermost.click.gone")
        return spec

    async def _act(self, spec: ActionSpec, call: ActionCall, claim: Claim, person: Person) -> ClickReply:
        if spec.once and not await self._once.take(claim):
            raise PersonError("mattermost.click.used")
        click = Click(
            person=person,
            t=self._desk.translator(person),
            record=claim.record,
            selected=call.selected,
            claim=claim,
            trigger_id=call.trigger_id,
            post_id=call.post_id,
            channel_id=call.channel_id,
            team_id=call.team_id,
            now=self._desk.now(),
        )
        try:
            return await spec.handler(click)
        except BaseException:
            if spec.once:
                await self._once.give_back(claim)
            raise

    async def _rendered(self, reply: ClickReply, call: ActionCall, person: Person) -> dict[str, Any]:
        words: list[Markdown] = []
        body: dict[str, Any] = {}
        if reply.update is not None and call.ephemeral:
            words.append(await self._aside(reply.update, call, person))
        elif reply.update is not None:
            body["update"] = await self._update(self._desk.render(reply.update, person), call.post_id)
        elif reply.clear_buttons and not call.ephemeral:
            body |= await self._cleared(call.post_id)
        if isinstance(reply.ephemeral, Message):
            words.append(await self._aside(reply.ephemeral, call, person))
        elif reply.ephemeral is not None:
            words.append(markdown(reply.ephemeral))
        if reply.form is not None:
            words += await self._form(reply, call, person)
        said = Markdown("\n\n").join(word for word in words if word)
        return body | (_whisper(said) if said else {})

    async def _form(self, reply: ClickReply, call: ActionCall, person: Person) -> list[Markdown]:
        """A form that cannot be opened must not take back what the click has already done."""
        if reply.form is None:
            return []
        try:
            told = await self._opening.open(
                reply.form, person, trigger_id=call.trigger_id, channel_id=call.channel_id
            )
        except Exception as error:
            return [explain(error, self._desk.translator(person), f"form {reply.form.form_id}")]
        return [told] if told else []

    async def _aside(self, message: Message, call: ActionCall, person: Person) -> Markdown:
        """For the clicker alone. Only a text fits there; what has buttons goes to the direct messages.

        Where the click was made there, it need not be said. A post of ours outside of any team is there; an answer
        to a command, whose clicks name a team everywhere, is known by its channel.
        """
        if not message.has_actions:
            return flatten(message)
        await self._tell(self._desk.render(message, person), person)
        if (not call.team_id and not call.ephemeral) or await self._at_home(call, person):
            return Markdown("")
        return self._desk.translator(person)("mattermost.click.in_direct_messages")

    async def _at_home(self, call: ActionCall, person: Person) -> bool:
        """Whether the click was made in the person's direct messages with us."""
        here = (DirectChannelRow.user_id == person.user_id, DirectChannelRow.channel_id == call.channel_id)
        async with self._desk.database.reading() as session:
            return await session.scalar(select(DirectChannelRow.channel_id).where(*here)) is not None

    async def _tell(self, rendered: Rendered, person: Person) -> None:
        async with self._desk.database.transaction() as session:
            await outgoing.direct(
                session, outgoing.Direct(f"click:{secrets.token_hex(8)}", person, rendered), self._desk.now()
            )

    async def _update(self, rendered: Rendered, post_id: str) -> dict[str, Any]:
        """The post after the click. What delivery has noted on it stays there."""
        props = {**rendered.props, **await self._notes_on(post_id)}
        return {"message": truncate(Markdown(rendered.message), POST_LIMIT), "props": props}

    async def _notes_on(self, post_id: str) -> Mapping[str, Any]:
        async with self._desk.database.reading() as session:
            message = await sent.by_post(session, post_id)
        if message is not None:
            async with self._desk.database.transaction() as session:
                await sent.changed_elsewhere(session, post_id)
            return {KEY_PROP: message.key}
        try:
            found = (await self._desk.server.post(post_id)).props
        except PeerError:
            return {}
        return {name: found[name] for name in (KEY_PROP, MARK_PROP) if name in found}

    async def _cleared(self, post_id: str) -> dict[str, Any]:
        try:
            post = await self._desk.server.post(post_id)
        except PeerError as error:
            _log.info("mattermost_buttons_not_cleared", post_id=post_id, reason=str(error))
            return {}
        kept = [{name: value for name, value in one.items() if name != "actions"} for one in post.attachments]
        shown = [one for one in kept if any(one.get(name) for name in ("title", "text", "fields", "pretext"))]
        return {"update": {"message": post.message, "props": {**post.props, "attachments": shown}}}

    async def _follow(self, attempt: _Attempt, body: dict[str, Any]) -> None:
        """What came too late for the answer: the post is edited, words go to the direct messages."""
        if attempt.person is None:
            return
        update, words = body.get("update"), body.get("ephemeral_text")
        if update is not None:
            rendered = Rendered(update["message"], update["props"])
            if not await self._edited(attempt.call.post_id, rendered):
                await self._tell(rendered, attempt.person)
        if words:
            await self._tell(Rendered(words, {"attachments": []}), attempt.person)

    async def _edited(self, post_id: str, rendered: Rendered) -> bool:
        async with self._desk.database.transaction() as session:
            message = await sent.by_post(session, post_id)
            if message is None:
                return False
            await outgoing.edit(
                session,
                key=f"click:{secrets.token_hex(8)}",
                message_key=message.key,
                rendered=rendered,
                now=self._desk.now(),
            )
        return True


def _whisper(text: Markdown) -> dict[str, Any]:
    return {"ephemeral_text": str(text), "skip_slack_parsing": True}
