"""Does Mattermost reach *this* Sekretar? One question, one answer, and nobody else sees either.

Nothing tells from outside whether a server may call us: its own list of allowed addresses, a firewall, a name
that only we can resolve. So the doctor has the bot press a button and run our commands with a word that was never
used before, and Mattermost hands back what our web part answered. The answer is made with a key of the vault: it
shows that the Sekretar which was reached is the one that was meant, and not an old copy on another machine.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any

from sekretar.kernel.secrets import Vault

#: The action of the doctor's button, and the button's own id.
ACTION = "doctor"
BUTTON = "ping"

_QUESTION = re.compile(r"ping ([0-9a-f]{32})")


def question() -> str:
    """What to write after the trigger, or to put into the button: never the same twice."""
    return f"ping {secrets.token_hex(16)}"


def attachment(asked: str, url: str) -> dict[str, Any]:
    """A button that carries the question to this address."""
    context = {"action": ACTION, "claim": asked}
    button = {"id": BUTTON, "type": "button", "name": "Ping", "integration": {"url": url, "context": context}}
    return {"fallback": "Ping", "actions": [button]}


def answer_command(vault: Vault, text: str) -> dict[str, Any] | None:
    """The body that answers the question after a trigger; None when the text is none."""
    proof = _answer(vault, text)
    return (
        None if proof is None else {"response_type": "ephemeral", "text": proof, "skip_slack_parsing": True}
    )


def answer_click(vault: Vault, action: str, claim: str) -> dict[str, Any] | None:
    """The body that answers the question in a button, by putting the answer in the place of the message."""
    proof = _answer(vault, claim) if action == ACTION else None
    return None if proof is None else {"update": {"message": proof, "props": {}}}


def is_answer(vault: Vault, asked: str, answered: str) -> bool:
    """Whether a Sekretar with one of our keys has answered this question."""
    found = _QUESTION.fullmatch(asked)
    given = answered.strip().encode()
    return found is not None and any(
        hmac.compare_digest(given, proof.encode()) for proof in _proofs(vault, found[1])
    )


def _answer(vault: Vault, text: str) -> str | None:
    asked = _QUESTION.fullmatch(text)
    return _proofs(vault, asked[1])[0] if asked else None


def _proofs(vault: Vault, nonce: str) -> list[str]:
    """The answer by each key of the vault, the newest first: keys may be in the middle of a change."""
    return [
        f"pong {hmac.digest(key, nonce.encode(), 'sha256').hex()}" for key in vault.derive("mattermost probe")
    ]
