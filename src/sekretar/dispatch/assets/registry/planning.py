"""What a list changes in the register, and whether it is to be believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sekretar.dispatch.assets.registry.report import Remark
from sekretar.dispatch.settings import FeedSettings

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Known:
    """What is registered under a key."""

    id: int
    digest: str
    gone: bool
    #: The register's own number of a pole; empty for the rest.
    site: str = ""


@dataclass(frozen=True)
class Plan(Generic[K]):
    """What is to be written; everything else stays as it is.

    Attributes:
        created: Keys that are new.
        updated: Number → key; those in `returned` were gone.
        gone: Numbers of what the list has no more.
        present: How many were there before.
    """

    created: tuple[K, ...]
    updated: Mapping[int, K]
    returned: frozenset[int]
    gone: tuple[int, ...]
    unchanged: int
    present: int


def plan(
    known: Mapping[K, Known], wanted: Mapping[K, str], renamed: Mapping[K, int] | None = None
) -> Plan[K]:
    """How the known entries become the wanted ones.

    Args:
        known: By their keys, also those that are gone.
        wanted: Key → digest.
        renamed: New key → the number of the known entry that is called so now.
    """
    renamed = renamed or {}
    kept = frozenset(renamed.values())
    updated = {number: key for key, number in renamed.items()}
    created: list[K] = []
    returned: set[int] = set()
    unchanged = 0
    for key, digest in wanted.items():
        old = known.get(key)
        if old is None:
            if key not in renamed:
                created.append(key)
        elif old.gone or old.digest != digest:
            updated[old.id] = key
            if old.gone:
                returned.add(old.id)
        else:
            unchanged += 1
    present = [old for old in known.values() if not old.gone]
    gone = tuple(old.id for key, old in known.items() if not (old.gone or key in wanted or old.id in kept))
    return Plan(tuple(created), updated, frozenset(returned), gone, unchanged, len(present))


def renamed_poles(known: Mapping[str, Known], wanted: Mapping[str, str]) -> dict[str, int]:
    """New code → number of the pole that is called so now: its site is in the list, its old code is not.

    Args:
        known: By their keys.
        wanted: Key → the register's own number of the site, empty where it has none.
    """
    lost = {old.site: old.id for key, old in known.items() if old.site and not old.gone and key not in wanted}
    found: dict[str, int] = {}
    for key, site in wanted.items():
        if site in lost and key not in known:
            found[key] = lost.pop(site)
    return found


def missed(columns: Iterable[str]) -> Remark | None:
    """Why a list is not believed that has no such columns any more; None when there are none.

    Args:
        columns: Those from which something is registered, as the list called them.
    """
    names = ", ".join(f"«{each}»" for each in columns)
    return Remark("dispatch.registry.column_gone", {"columns": names}) if names else None


def objection(settings: FeedSettings, rows: int, present: int, lost: int) -> Remark | None:
    """Why a list is not believed; None when it is.

    Args:
        settings: The least number of rows and the greatest loss.
        rows: Rows of the list that are good for something.
        present: What is registered of this kind.
        lost: How many of these the list would take away.
    """
    if not rows:
        return Remark("dispatch.registry.empty")
    if rows < settings.at_least:
        return Remark("dispatch.registry.short", {"count": rows, "least": settings.at_least})
    if present and lost * 100 > settings.largest_loss_percent * present:
        return Remark(
            "dispatch.registry.shrinks",
            {"count": lost, "present": present, "percent": settings.largest_loss_percent},
        )
    return None
