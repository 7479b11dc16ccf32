"""What the doctor looks at in the dispatch desks, each look with what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from sekretar.app import mattermost_client
from sekretar.config import Settings
from sekretar.dispatch.assets.registry import diagnosis as registry
from sekretar.dispatch.assets.registry.importing import feeds
from sekretar.dispatch.assignment.team import Team
from sekretar.dispatch.hooks import diagnosis as hooks
from sekretar.dispatch.mail import diagnosis as mailboxes
from sekretar.dispatch.mail import smtp_diagnosis
from sekretar.dispatch.operations import diagnosis
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import People
from sekretar.mattermost.doctor import Check, Look
from sekretar.trackers.port import TrackerSite


def checks(settings: Settings, clock: Clock) -> list[Check]:
    """What needs the database."""
    desks = settings.desks()
    people = People(settings.mattermost_url, settings.default_language, ZoneInfo(settings.default_zone))
    team = Team(people, {desk.name: desk for desk in desks})
    return [check for desk in desks for check in _checks_of(desk, team, clock)]


def _checks_of(desk: DeskSettings, team: Team, clock: Clock) -> list[Check]:
    found = [
        Check(diagnosis.people_name(desk.name), partial(diagnosis.diagnose_people, desk, team, clock)),
        Check(diagnosis.templates_name(desk.name), partial(diagnosis.diagnose_templates, desk)),
    ]
    if desk.mirror is not None:
        tickets = partial(diagnosis.diagnose_tickets, desk)
        found.append(Check(diagnosis.tickets_name(desk.name), tickets))
    if desk.hooks:
        found.append(Check(hooks.name_of(desk.name), partial(hooks.diagnose, desk, clock)))
    if any(feeds(desk.registry)):
        standing = partial(registry.diagnose_standing, desk.name, desk.registry, clock)
        found.append(Check(registry.name_of(desk.name), standing))
    return found


def looks(
    settings: Settings, http: HttpSessions, clock: Clock, sites: Mapping[str, TrackerSite]
) -> list[Look]:
    """What needs other servers. Without an address of Mattermost its own checks complain."""
    found: list[Look] = []
    reachable = settings.mattermost_url and settings.mattermost_token.get_secret_value()
    for desk in settings.desks():
        if reachable:
            client = mattermost_client(settings, http, clock)
            found.append(partial(diagnosis.diagnose_channels, desk, client))
        if any(feeds(desk.registry)):
            found.append(partial(registry.diagnose_sources, desk.name, desk.registry, http, clock))
        for mailbox in desk.mailboxes:
            found.append(partial(mailboxes.diagnose, mailbox, http.tls))
            if mailbox.smtp_host:
                found.append(partial(smtp_diagnosis.diagnose, mailbox, http.tls, desk.letters.largest))
        if desk.mirror is not None:
            found.append(partial(diagnosis.diagnose_mirror, desk, desk.mirror, sites))
    return found
