"""The way back: does Mattermost reach us, and do our commands work in every team?

The bot presses a button that leads to our address, and runs each of our commands, with a question that only this
Sekretar can answer (`probe.py`). Both happen in the bot's own direct channel, where nobody sees them. A server does
not say why it could not reach an address (its log does, the request id finds the line), so what is said about the
reason is the likeliest one for this address.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sekretar.kernel.errors import PeerError, PeerForbidden, PeerInvalid, PeerNotFound, PeerUnsupported
from sekretar.kernel.secrets import Vault
from sekretar.mattermost import probe
from sekretar.mattermost.client import MattermostClient, NewPost
from sekretar.mattermost.doctor.findings import Finding, failure, fine, skipped, warning
from sekretar.mattermost.errors import MattermostError
from sekretar.mattermost.models import Team
from sekretar.mattermost.reachability import WHERE, host_of, is_allowed, is_loopback

_NO_ACTION = "api.post.do_action.action_integration.app_error"
_NO_ANSWER = "api.command.execute_command.failed.app_error"
_BAD_ANSWER = "api.command.execute_command.failed_resp.app_error"
_STATUS = re.compile(r"\b([1-5]\d\d)\b")


class Outcome(enum.Enum):
    """What became of one command."""

    #: This Sekretar has answered.
    ANSWERED = "answered"
    #: Somebody answered, and it was not this Sekretar.
    FOREIGN = "foreign"
    #: We were reached, and the token of the command was not known.
    UNKNOWN_TOKEN = "unknown token"  # noqa: S105 - no token
    #: Something was reached that answers with an error.
    ERROR = "error"
    #: Mattermost could not reach the address.
    UNREACHED = "unreached"
    #: There is no such command in the team.
    ABSENT = "absent"
    #: The word belongs to a command that is not ours; it was not run.
    TAKEN = "taken"
    #: Slash commands are switched off.
    SWITCHED_OFF = "switched off"
    #: The bot may not run commands there.
    FORBIDDEN = "forbidden"


@dataclass(frozen=True)
class Pressed:
    """What became of the button: ANSWERED, FOREIGN or UNREACHED. `detail` is for the administrator."""

    outcome: Outcome
    detail: str = ""


async def press(client: MattermostClient, vault: Vault, channel_id: str, url: str) -> Pressed:
    """Have Mattermost call this address as it does when somebody presses a button. Leaves no message behind.

    Raises PeerError when Mattermost itself does not do its part.
    """
    question = probe.question()
    post = await client.create_post(
        NewPost(channel_id, "", props={"attachments": [probe.attachment(question, url)]})
    )
    try:
        await client.press(post.id, probe.BUTTON)
        answered = (await client.post(post.id)).message
    except PeerError as error:
        if not isinstance(error, PeerInvalid) and getattr(error, "error_id", "") != _NO_ACTION:
            raise
        return Pressed(Outcome.UNREACHED, _reason(error))
    finally:
        await client.delete_post(post.id)
    return Pressed(Outcome.ANSWERED if probe.is_answer(vault, question, answered) else Outcome.FOREIGN)


@dataclass(frozen=True)
class Tried:
    """One command in one team. `detail` is for the administrator."""

    team: str
    word: str
    outcome: Outcome
    detail: str = ""


class Trying:
    """Runs our commands as the bot."""

    def __init__(
        self, client: MattermostClient, vault: Vault, words: Sequence[str], ours: Collection[str]
    ) -> None:
        """`words`: what people type, by command. `ours`: the ids of commands whose tokens we hold, with an empty
        one when there are tokens that were registered by hand.
        """
        self._client = client
        self._vault = vault
        self._words = [word.strip().removeprefix("/").lower() for word in words]
        self._ours = ours

    async def try_all(self, teams: Sequence[Team], channel_id: str) -> list[Tried]:
        """Every command in every team; in a team where one cannot be reached the others are not tried."""
        tried: list[Tried] = []
        for team in teams:
            ids = {each.trigger: each.id for each in await self._client.offered_commands(team.id)}
            for word in self._words:
                tried.append(await self._try(team, word, channel_id, ids))
                if tried[-1].outcome is Outcome.UNREACHED:
                    break
        return tried

    async def _try(self, team: Team, word: str, channel_id: str, ids: Mapping[str, str]) -> Tried:
        place = team.display_name or team.name
        # Whoever is asked must be us: somebody else's command might do what the words say.
        if word in ids and ids[word] not in self._ours and "" not in self._ours:
            return Tried(place, word, Outcome.TAKEN)
        if word not in ids and "" not in self._ours:
            return Tried(place, word, Outcome.ABSENT)
        question = probe.question()
        try:
            answer = await self._client.execute_command(channel_id, team.id, f"/{word} {question}")
        except PeerError as error:
            outcome = outcome_of(error)
            if outcome is None:
                raise
            return Tried(place, word, outcome, _reason(error))
        ours = probe.is_answer(self._vault, question, answer.text)
        return Tried(place, word, Outcome.ANSWERED if ours else Outcome.FOREIGN)


def outcome_of(error: PeerError) -> Outcome | None:
    """What Mattermost's refusal to run a command means; None when it says nothing about the command."""
    error_id = getattr(error, "error_id", "")
    if error_id == _NO_ANSWER:
        return Outcome.UNREACHED
    if error_id == _BAD_ANSWER:
        return Outcome.UNKNOWN_TOKEN if _answered(error) == "401" else Outcome.ERROR
    kinds: tuple[tuple[type[PeerError], Outcome], ...] = (
        (PeerNotFound, Outcome.ABSENT),
        (PeerUnsupported, Outcome.SWITCHED_OFF),
        (PeerForbidden, Outcome.FORBIDDEN),
        (PeerInvalid, Outcome.FORBIDDEN),
    )
    return next((outcome for kind, outcome in kinds if isinstance(error, kind)), None)


def _answered(error: PeerError) -> str:
    """The status that our address answered with: Mattermost quotes it at the end of a sentence in any language."""
    statuses: list[str] = _STATUS.findall(error.detail)
    return statuses[-1] if statuses else ""


def _reason(error: PeerError) -> str:
    request = error.request_id if isinstance(error, MattermostError) else ""
    if getattr(error, "error_id", "") == _BAD_ANSWER:
        return f"status {_answered(error)}"
    return f"its log has the reason under request_id {request}" if request else error.detail


# What it means


@dataclass(frozen=True)
class OurAddress:
    """Our address as Mattermost should know it.

    Attributes:
        url: The address.
        addresses: What its host resolves to, as far as we know.
        leads_here: Whether it leads to Sekretar from here.
        same_machine: Whether Mattermost runs on this machine, as far as its own address tells.
    """

    url: str
    addresses: Collection[str]
    leads_here: bool
    same_machine: bool


def judge_callback(pressed: Pressed, ours: OurAddress) -> Finding:
    """Whether Mattermost reaches this Sekretar."""
    url = ours.url
    if pressed.outcome is Outcome.ANSWERED:
        return fine("callback", f"Mattermost reaches {url}")
    if pressed.outcome is Outcome.FOREIGN:
        return failure(
            "callback",
            f"Mattermost reaches something else at {url}: another Sekretar, or this one with other keys",
            "Set SEKRETAR_CALLBACK_URL to the address of this one, or restart it with the present SEKRETAR_KEYS.",
        )
    return failure(
        "callback",
        f"Mattermost does not reach Sekretar at {url}; {pressed.detail}",
        _how_to_be_reached(ours),
    )


def _how_to_be_reached(ours: OurAddress) -> str:
    host = host_of(ours.url)
    if is_loopback(host, ours.addresses) and not ours.same_machine:
        return f"{host} is Mattermost's own machine: set SEKRETAR_CALLBACK_URL to the address of this one."
    if is_allowed("", host, ours.addresses):
        advice = (
            f"Open the way from Mattermost to {host}: a firewall, its DNS, a proxy in front of Sekretar, or a"
            " certificate (self-signed ones are refused)."
        )
    else:
        advice = (
            f"Most likely the address is private and not allowed: add {host} to {WHERE} (or `sekretar setup"
            " --allow-callback`). Otherwise open the way from Mattermost to it."
        )
    wrong = "Make sure that the address is right: it does not lead to Sekretar from here either. "
    return advice if ours.leads_here else wrong + advice


def judge_commands(tried: Sequence[Tried], *, reached: bool) -> Finding:
    """Whether every command works in every team. `reached`: Mattermost reaches us at the configured address."""
    name = "commands"
    if any(each.outcome is Outcome.SWITCHED_OFF for each in tried):
        return failure(
            name,
            "slash commands are switched off in Mattermost",
            "Switch them on: System Console, Integrations, Integration Management, Enable Custom Slash Commands.",
        )
    working = [each for each in tried if each.outcome is Outcome.ANSWERED]
    # While we are not reached at all, that is what has to be mended first.
    troubles = _TROUBLES | (_ASTRAY if working or reached else {})
    bad = [each for each in tried if each.outcome in troubles]
    if not bad and not working:
        return skipped(name, "Mattermost does not reach Sekretar" if tried else "the bot is in no team")
    if not bad:
        words = ", ".join(f"/{word}" for word in dict.fromkeys(each.word for each in working))
        return fine(name, f"{words} work in {', '.join(dict.fromkeys(each.team for each in working))}")
    seen = "; ".join(f"/{each.word} in {each.team} {troubles[each.outcome]}" for each in bad)
    if all(each.outcome is Outcome.TAKEN for each in bad):
        return warning(name, seen, "Run `sekretar setup` again: it says which setting chooses another word.")
    return failure(name, seen, "Run `sekretar setup` again.")


_TROUBLES = {
    Outcome.ABSENT: "is not registered",
    Outcome.TAKEN: "belongs to somebody else's command, or was registered with another database",
    Outcome.UNKNOWN_TOKEN: "has a token that Sekretar does not know",
    Outcome.FORBIDDEN: "may not be used by the bot",
}
_ASTRAY = {
    Outcome.FOREIGN: "is answered by something else",
    Outcome.ERROR: "leads to another address",
    Outcome.UNREACHED: "leads to an address that Mattermost cannot reach",
}
