"""Does Mattermost reach *this* Sekretar? One question, one answer, and nobody else sees either.

Nothing tells from outside whether a server may call us: its own list of allowed addresses, a firewall, a name
that only we can resolve. So the doctor has the bot run one of our commands with a word that was never used
before, and Mattermost hands back what our web part answered. The answer is made with a key of the vault: it
shows that the Sekretar which was reached is the one that was meant, and not an old copy on another machine.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any

from sekretar.kernel.secrets import Vault

_WORD = "ping"
_QUESTION = re.compile(rf"{_WORD} ([0-9a-f]{{32}})")


def question() -> str:
    """What to write after the trigger: never the same twice."""
    return f"{_WORD} {secrets.token_hex(16)}"


def answer(vault: Vault, text: str) -> dict[str, Any] | None:
    """The body that answers the question; None when the text is none."""
    asked = _QUESTION.fullmatch(text)
    if asked is None:
        return None
    return {"response_type": "ephemeral", "text": _proofs(vault, asked[1])[0], "skip_slack_parsing": True}


def is_answer(vault: Vault, asked: str, answered: str) -> bool:
    """Whether a Sekretar with one of our keys has answered this question."""
    found = _QUESTION.fullmatch(asked)
    given = answered.strip().encode()
    return found is not None and any(
        hmac.compare_digest(given, proof.encode()) for proof in _proofs(vault, found[1])
    )


def _proofs(vault: Vault, nonce: str) -> list[str]:
    """The answer by each key of the vault, the newest first: keys may be in the middle of a change."""
    return [
        f"pong {hmac.digest(key, nonce.encode(), 'sha256').hex()}" for key in vault.derive("mattermost probe")
    ]
