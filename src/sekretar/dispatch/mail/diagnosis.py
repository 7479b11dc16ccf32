"""What the doctor looks at in a mailbox: signing in, its folders, how they are numbered, and whether it calls."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from sekretar.dispatch.mail.folders import Folder, named, sent_folder
from sekretar.dispatch.mail.mailboxes import connected
from sekretar.dispatch.mail.reading import Remote
from sekretar.dispatch.mail.trouble import TroubleKind, kind_of
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.errors import PeerError
from sekretar.mattermost.doctor import Finding, failure, fine, warning

_REMEDIES = {
    TroubleKind.DOWN: "Check imap_host and imap_port, and whether this machine may connect there.",
    TroubleKind.TLS: "Use the name that the certificate is for, add its authority to SEKRETAR_CA_FILE, or correct"
    " imap_security and imap_port.",
    TroubleKind.REFUSED: "Check user and password. Most providers want a password for applications, and IMAP"
    " switched on in the settings of the mailbox.",
    TroubleKind.LIMITED: "Wait, or close other programs that have the mailbox open.",
    TroubleKind.NO_FOLDER: "Name the folder as the server lists it.",
    TroubleKind.ODD: "Ask whoever runs the mail server; without UIDVALIDITY letters cannot be told apart.",
}

#: Of the names of folders.
_MOST_NAMED = 12


async def diagnose(mailbox: MailboxSettings, tls: ssl.SSLContext) -> Finding:
    """Whether letters can be read, and what would be read."""
    check = f"mailbox:{mailbox.address}"
    host, port = mailbox.imap_address
    try:
        async with connected(mailbox, tls) as remote:
            return await _look(check, mailbox, remote)
    except PeerError as error:
        return failure(check, f"{host}:{port}: {error.detail}", _REMEDIES[kind_of(error)])


async def _look(check: str, mailbox: MailboxSettings, remote: Remote) -> Finding:
    folders = await remote.ask(remote.imap.folders)
    inbox = named(folders, mailbox.inbox)
    if inbox is None:
        seen = f"there is no folder {mailbox.inbox}; there are {_names(folders)}"
        return failure(check, seen, _REMEDIES[TroubleKind.NO_FOLDER])
    state = await remote.ask(remote.imap.examine, inbox.name)
    seen = f"signed in as {mailbox.login}; {inbox.name} can be read (UIDVALIDITY {state.uidvalidity})"
    seen += (
        ", the server tells of new letters" if remote.imap.idles else ", it is asked now and then (no IDLE)"
    )
    sent = sent_folder(folders, mailbox.sent)
    if sent is None:
        missing = f"no folder of sent letters among {_names(folders)}"
        return warning(check, f"{seen}; {missing}", "Name it in the setting sent of the mailbox.")
    return fine(check, f"{seen}; sent letters are in {sent.name}")


def _names(folders: Sequence[Folder]) -> str:
    names = [folder.name for folder in folders if folder.can_be_opened]
    more = ", …" if len(names) > _MOST_NAMED else ""
    return (", ".join(names[:_MOST_NAMED]) or "none") + more
