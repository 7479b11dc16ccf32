"""What the doctor looks at in a Yandex Tracker, from the address to the queues that the service account sees."""

from __future__ import annotations

from sekretar.kernel.errors import PeerDown, PeerError, PeerForbidden, PeerRefused
from sekretar.trackers.errors import NotATracker
from sekretar.trackers.values import Examination, Shortcoming
from sekretar.trackers.yandex.tracker import YandexTracker

_SETTING = "SEKRETAR_TRACKERS"


async def examine(service: YandexTracker | None, name: str) -> Examination:
    """Look at everything. `service` is None when no token is configured."""
    if service is None:
        return Examination(
            None,
            (
                Shortcoming(
                    "no service token: people link their own accounts, and changes in tickets are not told",
                    f"To change that, put the OAuth token of a service account as `key` of {name} into {_SETTING}.",
                    fatal=False,
                ),
            ),
        )
    try:
        account = await service.me()
        queues = await service.projects()
    except PeerError as error:
        return Examination(None, (_failure(error, name),))
    return Examination(account, () if queues else (_NO_QUEUES,))


_NO_QUEUES = Shortcoming(
    "the service account sees no queue",
    "Give it access to Tracker (*Full access*) and the right to read in the queues that Sekretar shall know.",
    fatal=False,
)


def _failure(error: PeerError, name: str) -> Shortcoming:
    if isinstance(error, PeerRefused):
        return Shortcoming(
            "the token is not accepted",
            f"Make a new token (OAuth tokens live for a year, IAM tokens for twelve hours) and put it as `key` of"
            f" {name} into {_SETTING}.",
            fatal=True,
        )
    if isinstance(error, PeerForbidden):
        return Shortcoming(
            f"the token is good, but not for this organisation or not for Tracker ({error.detail})",
            f"Correct the organisation of {name} in {_SETTING} (`org_id` for Yandex 360, `cloud_org_id` for Yandex"
            " Cloud; the id stands in Tracker under *Administration*, *Organisations*), and let the token have the"
            " rights tracker:read and tracker:write.",
            fatal=True,
        )
    if isinstance(error, NotATracker):
        return Shortcoming(
            f"something else answers at its address ({error.detail})",
            f"Correct `url` of {name} in {_SETTING}, or leave it out.",
            fatal=True,
        )
    if isinstance(error, PeerDown):
        return Shortcoming(
            f"it cannot be reached ({error.detail})",
            f"Check that this machine reaches `url` of {name} in {_SETTING}, through the proxy if there is one.",
            fatal=True,
        )
    return Shortcoming(f"it does not do what is asked ({error.detail})", "Try again later.", fatal=True)
