"""What the doctor looks at in a Yandex Tracker, from the address to the queues that the service account sees."""

from __future__ import annotations

from sekretar.kernel.errors import PeerError, PeerForbidden, PeerRefused
from sekretar.trackers.examining import SETTING, examined, failed
from sekretar.trackers.values import Account, Examination, Shortcoming
from sekretar.trackers.yandex.tracker import YandexTracker


async def examine(service: YandexTracker | None, name: str) -> Examination:
    """Look at everything. `service` is None when no token is configured."""
    without = Shortcoming(
        "no service token: people link their own accounts, and changes in tickets are not told",
        f"To change that, put the OAuth token of a service account as `key` of {name} into {SETTING}.",
        fatal=False,
    )
    return await examined(service, without, _queues, lambda error: _failure(error, name))


async def _queues(service: YandexTracker, _: Account) -> tuple[Shortcoming, ...]:
    return () if await service.projects() else (_NO_QUEUES,)


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
            f" {name} into {SETTING}.",
            fatal=True,
        )
    if isinstance(error, PeerForbidden):
        return Shortcoming(
            f"the token is good, but not for this organisation or not for Tracker ({error.detail})",
            f"Correct the organisation of {name} in {SETTING} (`org_id` for Yandex 360, `cloud_org_id` for Yandex"
            " Cloud; the id stands in Tracker under *Administration*, *Organisations*), and let the token have the"
            " rights tracker:read and tracker:write.",
            fatal=True,
        )
    return failed(
        error,
        elsewhere=f"Correct `url` of {name} in {SETTING}, or leave it out.",
        unreachable=f"Check that this machine reaches `url` of {name} in {SETTING}, through the proxy if there is"
        " one.",
        odd="Try again later.",
    )
