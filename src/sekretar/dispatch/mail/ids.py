"""Message-IDs that nobody else can make, so that an answer leads to its incident whoever carries it.

Every mail program puts the Message-ID of what it answers into `In-Reply-To` and `References`, and some relays
replace the Message-ID of what they carry. So each letter of the desk has an id that names its incident and itself,
and refers first of all to the pseudo id of the incident, an id that no letter has and no relay replaces:

    <inc.{incident}.{letter}.{mac}@{domain}>        the letter's own
    <incident.{incident}.{mac}@{domain}>            the incident's, always first in References

Where the mailbox takes such addresses, letters ask for answers to one that names the incident in the same way, for
programs that keep neither id: desk+incident.{incident}.{mac}@{domain}.

The mac is the beginning of an HMAC-SHA256 over what the id names, in 16 hexadecimal digits. Without it anybody who
can count could write into any incident. The domain is not part of it: it is there for the mail servers, and a desk
that moves to another domain still knows its letters.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sekretar.kernel.secrets import Vault

#: What the keys are derived for.
PURPOSE: Final = "dispatch letter ids"

_MAC_DIGITS = 16
#: Of an address, before the at sign (RFC 5321).
_LONGEST_NAME: Final = 64
_ID = re.compile(
    r"<?(?P<kind>inc|incident)\.(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18})?)\.(?P<mac>[0-9a-f]{16})@[^<>@\s]+>?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class OwnId:
    """What an id of ours names."""

    incident_id: int
    #: None in the pseudo id of the incident.
    letter_id: int | None


class LetterIds:
    """Makes ids with the newest key and knows those of every key that is still in the vault."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("ids of letters need a key")
        self._keys = tuple(keys)

    @classmethod
    def of(cls, vault: Vault) -> LetterIds:
        """With the keys of the installation."""
        return cls(vault.derive(PURPOSE))

    def letter(self, incident_id: int, letter_id: int, domain: str) -> str:
        """The Message-ID of a letter about an incident."""
        return self._made(OwnId(incident_id, letter_id), domain)

    def incident(self, incident_id: int, domain: str) -> str:
        """The pseudo id of an incident."""
        return self._made(OwnId(incident_id, None), domain)

    def reply_address(self, incident_id: int, mailbox: str) -> str:
        """An address of a mailbox that leads to an incident; the mailbox's own where that would be too long."""
        name, _, domain = mailbox.rpartition("@")
        tagged = f"{name}+{self.incident(incident_id, domain).strip('<>').rpartition('@')[0]}"
        return f"{tagged}@{domain}" if len(tagged) <= _LONGEST_NAME else mailbox

    def read_reply_address(self, address: str) -> OwnId | None:
        """The incident that an address leads to; None for any other, and for a forged one."""
        name, plus, tagged = address.rpartition("+")
        own = self.read(tagged) if name and plus else None
        return own if own is not None and own.letter_id is None else None

    def read(self, message_id: str) -> OwnId | None:
        """What an id names if it is ours; None for a stranger's, a forged and a mangled one alike."""
        found = _ID.fullmatch(message_id.strip())
        if found is None:
            return None
        incident_id, *letter_id = (int(number) for number in found["numbers"].split("."))
        if (found["kind"].lower() == "inc") != bool(letter_id):
            return None
        own = OwnId(incident_id, letter_id[0] if letter_id else None)
        given = found["mac"].lower()
        # Every key is tried, whatever the first ones say, so that the time taken tells nothing.
        matches = [hmac.compare_digest(given, _mac(key, own)) for key in self._keys]
        return own if any(matches) else None

    def _made(self, own: OwnId, domain: str) -> str:
        return f"<{_named(own)}.{_mac(self._keys[0], own)}@{domain}>"


def _named(own: OwnId) -> str:
    if own.letter_id is None:
        return f"incident.{own.incident_id}"
    return f"inc.{own.incident_id}.{own.letter_id}"


def _mac(key: bytes, own: OwnId) -> str:
    return hmac.digest(key, _named(own).encode(), "sha256").hex()[:_MAC_DIGITS]
