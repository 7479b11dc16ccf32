"""Copies of the desk's own letters in the folder of sent letters, where the provider keeps none.

The connection is one of its own: the one that reads may belong to another process, and is nobody else's in any case.
"""

from __future__ import annotations

import ssl
from datetime import datetime

from sekretar.dispatch.mail.folders import sent_folder
from sekretar.dispatch.mail.imap import peer_name
from sekretar.dispatch.mail.mailboxes import connected
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.errors import PeerNotFound


async def keep_copy(
    mailbox: MailboxSettings, tls: ssl.SSLContext, letter: bytes, message_id: str, sent_at: datetime
) -> bool:
    """Put a letter that was sent into the folder of sent letters, once; False when it is there already.

    Raises:
        PeerNotFound: the mailbox has no such folder.
        PeerError: it cannot be done now, or never; the kind tells.
    """
    async with connected(mailbox, tls) as remote:
        folder = sent_folder(await remote.ask(remote.imap.folders), mailbox.sent)
        if folder is None:
            raise PeerNotFound(peer_name(mailbox), "there is no folder of sent letters")
        await remote.ask(remote.imap.examine, folder.name)
        if await remote.ask(remote.imap.has_letter, message_id):
            return False
        await remote.ask(remote.imap.append, folder.name, letter, sent_at)
        return True
