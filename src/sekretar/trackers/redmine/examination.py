"""What the doctor looks at in a Redmine, from the address to the rights of the service account."""

from __future__ import annotations

from sekretar.kernel.errors import PeerDown, PeerError, PeerRefused, PeerUnsupported
from sekretar.trackers.errors import NotATracker
from sekretar.trackers.redmine.tracker import RedmineTracker
from sekretar.trackers.values import Examination, Shortcoming

_SETTING = "SEKRETAR_TRACKERS"


async def examine(service: RedmineTracker | None, name: str) -> Examination:
    """Look at everything. `service` is None when no key is configured."""
    if service is None:
        return Examination(
            None,
            (
                Shortcoming(
                    "no service key: people link their own accounts, and changes in tickets are not told",
                    f"To change that, put the API key of an administrator as `key` of {name} into {_SETTING}.",
                    fatal=False,
                ),
            ),
        )
    try:
        account = await service.me()
        shortcomings = await _rights(service, name, account.administrator)
    except PeerError as error:
        return Examination(None, (_failure(error, name),))
    return Examination(account, shortcomings)


async def _rights(service: RedmineTracker, name: str, administrator: bool) -> tuple[Shortcoming, ...]:
    found: list[Shortcoming] = []
    if not administrator:
        found.append(
            Shortcoming(
                "the key is not an administrator's: Sekretar cannot act for mapped people, and custom fields are not"
                " known before Redmine asks for them",
                f"Put the API key of an administrator as `key` of {name} into {_SETTING}, or let people link their"
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
            f" {_SETTING}.",
            fatal=True,
        )
    if isinstance(error, PeerUnsupported):
        return Shortcoming(
            "its REST API is switched off",
            "Switch it on in Redmine: Administration, Settings, API, *Enable REST web service*.",
            fatal=True,
        )
    if isinstance(error, NotATracker):
        return Shortcoming(
            f"something else answers at its address ({error.detail})",
            f"Correct `url` of {name} in {_SETTING}: it is what comes before /issues in the browser.",
            fatal=True,
        )
    if isinstance(error, PeerDown):
        return Shortcoming(
            f"it cannot be reached ({error.detail})",
            f"Check that this machine reaches `url` of {name} in {_SETTING} and that Redmine runs.",
            fatal=True,
        )
    return Shortcoming(
        f"it does not do what is asked ({error.detail})",
        "Look into the log of Redmine for that request.",
        fatal=True,
    )
