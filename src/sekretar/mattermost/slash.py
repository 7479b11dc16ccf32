"""A slash command from request to answer, within the three seconds that people wait."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, split
from sekretar.mattermost import outgoing
from sekretar.mattermost.chat import CommandRequest, Reply
from sekretar.mattermost.commands import Commands
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message, markdown
from sekretar.mattermost.opening import Opening
from sekretar.mattermost.parsing import Arguments
from sekretar.mattermost.requests import CommandCall
from sekretar.mattermost.troubles import explain

#: Mattermost's own goal is three; the way there and back takes some.
ANSWER_WITHIN = 2.5
#: How long the server accepts answers at a response address.
RESPONSE_LIFETIME = timedelta(minutes=30)


@dataclass
class _Attempt:
    """One call on its way; the person is known only after a while."""

    call: CommandCall
    trigger: str
    person: Person | None = None


class Slash:
    """Answers slash commands."""

    def __init__(
        self,
        desk: Desk,
        commands: Commands,
        opening: Opening,
        deadline: Deadline,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._desk = desk
        self._commands = commands
        self._opening = opening
        self._deadline = deadline
        self._answer_within = answer_within

    async def answer(self, call: CommandCall, trigger: str) -> dict[str, Any]:
        """The body of the answer: the command's own, or *one moment* with the rest to follow."""
        attempt = _Attempt(call, trigger)

        async def follow(body: dict[str, Any]) -> None:
            await self._respond_later(attempt, body)

        body = await self._deadline.run(self._body(attempt), self._answer_within, follow)
        if body is not None:
            return body
        t = self._desk.translator(attempt.person)
        return _ephemeral(t("mattermost.command.moment"), [])

    async def _body(self, attempt: _Attempt) -> dict[str, Any]:
        call = attempt.call
        try:
            attempt.person = await self._desk.known(call.user_id)
            t = self._desk.translator(attempt.person)
            request = CommandRequest(
                person=attempt.person,
                t=t,
                trigger=attempt.trigger,
                args=Arguments(),
                text=call.text,
                channel_id=call.channel_id,
                team_id=call.team_id,
                root_id=call.root_id,
                trigger_id=call.trigger_id,
                response_url=call.response_url,
                now=self._desk.now(),
            )
            reply = await self._commands.run(request)
            return await self._rendered(reply, request, t)
        except Exception as error:
            t = self._desk.translator(attempt.person)
            return _ephemeral(explain(error, t, f"command {attempt.trigger}"), [])

    async def _rendered(self, reply: Reply, request: CommandRequest, t: Translator) -> dict[str, Any]:
        message = reply.message
        if message is not None and not reply.ephemeral:
            await self._post(message, request)
            message = None
        note = None
        if reply.form is not None:
            note = await self._opening.open(
                reply.form, request.person, trigger_id=request.trigger_id, channel_id=request.channel_id
            )
        if message is None:
            return _ephemeral(note, []) if note else {}
        rendered = self._desk.render(message, request.person, ephemeral=True)
        text = Markdown(rendered.message)
        return _ephemeral(Markdown("\n\n").join([text, note]) if note else text, rendered.attachments)

    async def _post(self, message: Message, request: CommandRequest) -> None:
        """An answer in the channel would come in the asker's name, so the bot posts it."""
        async with self._desk.database.transaction() as session:
            await outgoing.post(
                session,
                outgoing.Post(
                    f"command:{secrets.token_hex(8)}",
                    request.channel_id,
                    self._desk.render(message, request.person),
                    root_id=request.root_id,
                ),
                self._desk.now(),
            )

    async def _respond_later(self, attempt: _Attempt, body: dict[str, Any]) -> None:
        if not body:
            return
        now = self._desk.now()
        async with self._desk.database.transaction() as session:
            await outgoing.respond(
                session,
                key=f"respond:{secrets.token_hex(8)}",
                response_url=attempt.call.response_url,
                body=body,
                now=now,
                person=attempt.person,
                expires_at=now + RESPONSE_LIFETIME,
            )


def _ephemeral(text: Markdown, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    """An answer that only the asker sees; what is too long for one post follows in more of them."""
    first, *rest = [_post(part) for part in split(markdown(text))] or [_post(Markdown(""))]
    (rest[-1] if rest else first)["attachments"] = attachments
    return first | ({"extra_responses": rest} if rest else {})


def _post(text: Markdown) -> dict[str, Any]:
    return {"response_type": "ephemeral", "text": str(text), "skip_slack_parsing": True}
