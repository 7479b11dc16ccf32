"""What the doctor looks at in the trackers."""

from __future__ import annotations

from sekretar.mattermost.doctor import Finding, State, fine
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import Can, Examination


async def diagnose(site: TrackerSite) -> Finding:
    """Whether a tracker is reachable, accepts its key and lets Sekretar do what it is for."""
    return finding(site.name, await site.examine(), may_act=Can.ACT_FOR_PEOPLE in site.capabilities)


def finding(name: str, found: Examination, *, may_act: bool) -> Finding:
    """All that was seen of a tracker, and all that mends it."""
    check = f"tracker:{name}"
    if found.shortcomings:
        fatal = any(each.fatal for each in found.shortcomings)
        return Finding(
            check,
            State.FAILURE if fatal else State.WARNING,
            "; ".join(each.seen for each in found.shortcomings),
            " ".join(each.remedy for each in found.shortcomings),
        )
    who = f" as {found.account.member.login or found.account.member.name}" if found.account else ""
    return fine(check, f"it answers{who}{', and may act for mapped people' if may_act else ''}")
