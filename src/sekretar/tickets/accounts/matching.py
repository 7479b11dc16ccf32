"""Who in a tracker a user of the chat is who has not said so."""

from __future__ import annotations

from collections.abc import Iterable

from sekretar.mattermost.models import User
from sekretar.trackers.values import Member


def alike(user: User, members: Iterable[Member]) -> Member | None:
    """The member with an equal login or mail.

    Good enough to be given work, which is no right; never to act as them.
    """
    for member in members:
        same_login = member.login is not None and member.login.casefold() == user.username.casefold()
        same_mail = (
            bool(user.email) and member.mail is not None and member.mail.casefold() == user.email.casefold()
        )
        if same_login or same_mail:
            return member
    return None
