"""What Mattermost posts to us: checked, opened, handed on. The web part only wires these three to its routes.

A person is answered with 200 whatever happened, because Mattermost hides every other answer behind *Action
failed*. Garbage and forgeries are not from persons: they get a status and no detail, and are counted.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sekretar.mattermost import command_tokens, probe
from sekretar.mattermost.clicks import Clicks
from sekretar.mattermost.commands import Commands
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.requests import ActionCall, CommandCall, DialogCall
from sekretar.mattermost.security import NotAccepted, Watch
from sekretar.mattermost.slash import Slash
from sekretar.mattermost.submissions import Submissions
from sekretar.mattermost.troubles import explain, explain_plainly

#: Where the server sends slash commands, below the callback address.
COMMAND_PATH = "/mattermost/command"


@dataclass(frozen=True)
class Answer:
    """What goes back: a status and a JSON body. A body is never empty: 5.x fails on an empty one."""

    status: int
    body: Mapping[str, Any]


class Callbacks:
    """The three things that Mattermost calls. `tokens` are those configured by hand, good for any command."""

    def __init__(
        self,
        desk: Desk,
        commands: Commands,
        slash: Slash,
        clicks: Clicks,
        submissions: Submissions,
        watch: Watch,
        tokens: Sequence[str] = (),
    ) -> None:
        self._desk = desk
        self._commands = commands
        self._slash = slash
        self._clicks = clicks
        self._submissions = submissions
        self._watch = watch
        self._tokens = [token.encode() for token in tokens if token]

    async def command(self, form: Mapping[str, object]) -> Answer:
        """POST /mattermost/command, with the fields of the form (of repeated ones any)."""
        call = CommandCall.read(form)
        if call is None:
            return self._garbage("garbage_command")
        word = call.word.removeprefix("/")

        async def answer() -> dict[str, Any]:
            if not await self._is_known(call.token, word):
                self._watch.note("unknown_token", word=word[:32], team_id=call.team_id)
                raise NotAccepted(401)
            trigger = self._commands.trigger_of(word)
            if trigger is None:
                raise NotAccepted(400)
            asked = probe.answer_command(self._desk.vault, call.text)
            return asked or await self._slash.answer(call, trigger)

        return await self._answered(answer, self._command_failed)

    async def action(self, body: object) -> Answer:
        """POST /mattermost/action, with the parsed JSON."""
        call = ActionCall.read(body)
        if call is None:
            return self._garbage("garbage_action")
        asked = probe.answer_click(self._desk.vault, call.action, call.claim)
        if asked is not None:
            return Answer(200, asked)
        return await self._answered(lambda: self._clicks.answer(call), self._action_failed)

    async def dialog(self, body: object) -> Answer:
        """POST /mattermost/dialog, with the parsed JSON."""
        call = DialogCall.read(body)
        if call is None:
            return self._garbage("garbage_dialog")
        return await self._answered(lambda: self._submissions.answer(call), self._dialog_failed)

    async def _answered(
        self,
        work: Callable[[], Awaitable[dict[str, Any]]],
        failed: Callable[[Exception], dict[str, Any]],
    ) -> Answer:
        try:
            return Answer(200, await work())
        except NotAccepted as refusal:
            return _refused(refusal.status)
        except Exception as error:
            return Answer(200, failed(error))

    def _garbage(self, reason: str) -> Answer:
        self._watch.note(reason)
        return _refused(400)

    async def _is_known(self, token: str, word: str) -> bool:
        """Every configured token is compared, whatever the first ones say."""
        given = token.encode("utf-8", "surrogatepass")
        matching = sum(hmac.compare_digest(given, known) for known in self._tokens)
        if matching and token:
            return True
        async with self._desk.database.reading() as session:
            return await command_tokens.known(session, token, word.casefold())

    def _command_failed(self, error: Exception) -> dict[str, Any]:
        text = explain(error, self._desk.translator(None), "command")
        return {"response_type": "ephemeral", "text": str(text), "skip_slack_parsing": True}

    def _action_failed(self, error: Exception) -> dict[str, Any]:
        text = explain(error, self._desk.translator(None), "action")
        return {"ephemeral_text": str(text), "skip_slack_parsing": True}

    def _dialog_failed(self, error: Exception) -> dict[str, Any]:
        return {"error": explain_plainly(error, self._desk.translator(None), "dialog")}


def _refused(status: int) -> Answer:
    return Answer(status, {"error": "unauthorized" if status == 401 else "bad request"})
