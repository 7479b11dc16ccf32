"""What the doctor looks at where a mailbox sends: the connection, signing in, and how large a letter may be."""

from __future__ import annotations

import ssl

from sekretar.dispatch.mail.smtp import Postman
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.errors import PeerError, PeerRefused
from sekretar.mattermost.doctor import Finding, failure, fine, warning

_MEGABYTE = 1024 * 1024


def name_of(mailbox: MailboxSettings) -> str:
    """What the check is called."""
    return f"smtp:{mailbox.address}"


async def diagnose(mailbox: MailboxSettings, tls: ssl.SSLContext, largest: int) -> Finding:
    """Whether letters can be sent.

    Args:
        largest: How large the attachments of a letter may be, in bytes, by the settings.
    """
    check = name_of(mailbox)
    host, port = mailbox.smtp_address
    postman = Postman(mailbox, tls=tls)
    try:
        limit = await postman.examine()
    except PeerRefused as error:
        return failure(
            check,
            f"{host}:{port}: {error.detail}",
            "Check user and password; most providers want a password for applications. A server that wants no"
            " password needs smtp_login = false.",
        )
    except PeerError as error:
        return failure(
            check,
            f"{host}:{port}: {error.detail}",
            "Check smtp_host, smtp_port and smtp_security, and whether this machine may connect there.",
        )
    finally:
        await postman.close()
    how = f"signed in as {mailbox.login}" if mailbox.smtp_login else "letters are taken without signing in"
    if 0 < limit < largest:
        return warning(
            check,
            f"{how}; a letter may have {limit // _MEGABYTE} MB, our settings allow {largest // _MEGABYTE} MB",
            "Set largest_mb of the letters lower; until then files stay behind where a letter is too large.",
        )
    said = f", a letter may have {limit // _MEGABYTE} MB" if limit else ""
    return fine(check, f"{how}{said}")
