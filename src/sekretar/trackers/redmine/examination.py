"""What the doctor looks at in a Redmine, from the address to the rights of the service account."""

from __future__ import annotations

from sekretar.kernel.errors import PeerError, PeerRefused, PeerUnsupported
from sekretar.trackers.examining import SETTING, examined, failed
from sekretar.trackers.redmine.tracker import RedmineTracker
from sekretar.trackers.values import Account, Examination, Shortcoming


async def examine(service: RedmineTracker | None, name: str) -> Examination:
    """Look at everything. `service` is None when no key is configured."""
    without = Shortcoming(
        "no service key: people link their own accounts, and changes in tickets are not told",
        f"To change that, put the API key of an administrator as `key` of {name} into {SETTING}.",
        fatal=False,
    )

    async def look(service: RedmineTracker, account: Account) -> tuple[Shortcoming, ...]:
        return await _rights(service, name, account.administrator)

    return await examined(service, without, look, lambda error: _failure(error, name))


async def _rights(service: RedmineTracker, name: str, administrator: bool) -> tuple[Shortcoming, ...]:
    found: list[Shortcoming] = []
    if not administrator:
        found.append(
            Shortcoming(
                "the key is not an administrator's: Sekretar cannot act for mapped people, and custom fields are not"
                " known before Redmine asks for them",
                f"Put the API key of an administrator as `key` of {name} into {SETTING}, or let people link their"
                " own accounts.",
                fatal=False,
            )
        )
    if not await service.projects():
        found.append(
            Shortcoming(
                "the account sees no project with tickets",
                "Make a project with the module *Issue tracking* in Redmine, or make the account a member of one.",
                fatal=False,
            )
        )
    if not await service.priorities() or not await service.statuses():
        found.append(
            Shortcoming(
                "there are no priorities or no statuses, so no ticket can be made",
                "Load the default configuration in Redmine (Administration), or define them there.",
                fatal=True,
            )
        )
    return tuple(found)


def _failure(error: PeerError, name: str) -> Shortcoming:
    if isinstance(error, PeerRefused):
        return Shortcoming(
            "the key is not accepted",
            f"Copy the API key from *My account* of an active administrator in Redmine into `key` of {name} in"
            f" {SETTING}.",
            fatal=True,
        )
    if isinstance(error, PeerUnsupported):
        return Shortcoming(
            "its REST API is switched off",
            "Switch it on in Redmine: Administration, Settings, API, *Enable REST web service*.",
            fatal=True,
        )
    return failed(
        error,
        elsewhere=f"Correct `url` of {name} in {SETTING}: it is what comes before /issues in the browser.",
        unreachable=f"Check that this machine reaches `url` of {name} in {SETTING} and that Redmine runs.",
        odd="Look into the log of Redmine for that request.",
    )
