"""What the settings of a mirror mean in the tracker: which fields, which statuses, which type.

The administrator writes keys or names as they see them; they are looked up once and again when some time has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import structlog

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.mirror.values import ASSIGNEE, STATUS, SUMMARY, Name, Sight
from sekretar.dispatch.settings import DeskSettings, MirrorSettings
from sekretar.kernel.errors import PeerUnsupported
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import KEEP, Change
from sekretar.trackers.values import CustomField, Field, Kind, Ticket
from sekretar.trackers.values import Status as TicketStatus

#: The title of a ticket; trackers refuse longer ones.
LONGEST_SUBJECT = 250

#: Our names of what every ticket has.
_COMMON: Mapping[str, str] = {Field.ASSIGNEE: ASSIGNEE, Field.SUBJECT: SUMMARY, Field.STATUS: STATUS}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Slot:
    """A field of the tracker that shows something. Without `field` it is the due date that every tracker has."""

    name: Name
    field: CustomField | None

    @property
    def key(self) -> str:
        """How the tracker's refusals name it."""
        return self.field.key if self.field else Field.DUE.value

    def written(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Texts as the values of the field; a text that is none of its choices is left out."""
        if self.field is None:
            return texts[:1]
        if self.field.choices:
            ids = {each.name.casefold(): each.id for each in self.field.choices}
            texts = tuple(ids[text.casefold()] for text in texts if text.casefold() in ids)
        if self.field.multiple:
            return texts
        return (", ".join(texts),) if texts else ()

    def read(self, ticket: Ticket) -> tuple[str, ...]:
        """The values in a ticket."""
        if self.field is None:
            return (ticket.due.isoformat(),) if ticket.due else ()
        number = self.field.id
        return next((each.values for each in ticket.custom if each.id == number), ())

    def text(self, values: tuple[str, ...]) -> str:
        """Values as a person has meant them."""
        names = {each.id: each.name for each in self.field.choices} if self.field else {}
        return ", ".join(names.get(each, each) for each in values).strip()


@dataclass(frozen=True)
class Scheme:
    """A desk's mirror as the tracker knows it."""

    tracker: str
    #: Our own account there.
    me: str
    project: str
    type: str
    slots: Mapping[Name, Slot]
    #: Our status → the tracker's.
    statuses: Mapping[Status, TicketStatus]
    zone: ZoneInfo
    #: In which a ticket begins there; None when that is not known.
    begins: TicketStatus | None
    #: What the settings name and the tracker does not have, in words.
    missing: tuple[str, ...]
    #: Whether everything that the settings name was found. An empty Redmine project does not tell all its fields:
    #: what exists in the Redmine is tried there, until a ticket tells.
    complete: bool

    def ours(self, status_id: str) -> tuple[Status, ...]:
        """Our statuses that are shown as this one, in the order of the workflow."""
        return tuple(ours for ours, theirs in self.statuses.items() if theirs.id == status_id)

    def wanted(self, sight: Sight, t: Translator) -> dict[str, tuple[str, ...]]:
        """What the ticket of an incident is to show."""
        texts = _texts(sight, t)
        found = {
            name.value: slot.written(self._deadline(sight, slot) if name is Name.DEADLINE else texts[name])
            for name, slot in self.slots.items()
        }
        found[SUMMARY] = (truncate(sight.incident.summary, LONGEST_SUBJECT),)
        if sight.assignee is not None:
            found[ASSIGNEE] = sight.assignee
        status = self.statuses.get(sight.incident.status)
        if status is not None:
            found[STATUS] = (status.id,)
        return found

    def shown(self, ticket: Ticket) -> dict[str, tuple[str, ...]]:
        """What a ticket shows."""
        found = {name.value: slot.read(ticket) for name, slot in self.slots.items()}
        found[SUMMARY] = (ticket.subject,)
        found[ASSIGNEE] = (ticket.assignee.id,) if ticket.assignee else ()
        found[STATUS] = (ticket.status.id,)
        return found

    def places(self, ticket: Ticket) -> dict[str, str]:
        """Where what a ticket shows was read, by our names. Another project is another place."""
        return {name.value: f"{ticket.project.id} {slot.key}" for name, slot in self.slots.items()}

    def usual(self, ticket: Ticket) -> dict[str, tuple[str, ...]]:
        """What a ticket shows that nobody has touched."""
        found = {name.value: slot.field.default for name, slot in self.slots.items() if slot.field}
        found[STATUS] = ((self.begins or ticket.status).id,)
        return found

    def change(self, values: Mapping[str, tuple[str, ...]]) -> Change:
        """Values by our names as a change of the ticket. The status is none: it takes a step."""
        custom: dict[str, tuple[str, ...]] = {}
        due: date | None = None
        for name, slot in self.slots.items():
            if name in values and slot.field is not None:
                custom[slot.field.id] = values[name]
            elif values.get(name):
                due = date.fromisoformat(values[name][0])
        has_due = any(slot.field is None and name in values for name, slot in self.slots.items())
        assignee = values.get(ASSIGNEE)
        return Change(
            subject=values[SUMMARY][0] if SUMMARY in values else KEEP,
            assignee=KEEP if assignee is None else (assignee[0] if assignee else None),
            due=due if has_due else KEEP,
            custom=custom,
        )

    def named(self, key: str) -> str | None:
        """Our name of the field that the tracker names."""
        if key in _COMMON:
            return _COMMON[key]
        return next((name.value for name, slot in self.slots.items() if slot.key == key), None)

    def _deadline(self, sight: Sight, slot: Slot) -> tuple[str, ...]:
        """The deadline itself and never the time that is left: a ticket can be changed only so often."""
        at = sight.clock.deadline
        if at is None:
            return ()
        here = at.astimezone(self.zone)
        if slot.field is None or slot.field.kind is Kind.DATE:
            return (here.date().isoformat(),)
        if slot.field.kind in (Kind.LINE, Kind.TEXT):
            return (here.strftime("%d.%m.%Y %H:%M"),)
        return (at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),)


def _texts(sight: Sight, t: Translator) -> dict[Name, tuple[str, ...]]:
    asset = sight.asset
    station, contractor = asset.station, asset.contractor
    new_mail = "yes" if sight.incident.unread else "no"
    return {
        Name.POLE: (asset.pole.code,) if asset.pole else (),
        Name.STATION: (station.name,) if station else (),
        Name.CONTRACTOR: (contractor.name,) if contractor and contractor.name else (),
        Name.OPERATORS: tuple(each.name for each in station.operators) if station else (),
        Name.TYPE: (sight.type,) if sight.type else (),
        Name.SLA: (t.plain(f"dispatch.mirror.sla.{sight.clock.state.value}"),),
        Name.NEW_MAIL: (t.plain(f"dispatch.mirror.new_mail.{new_mail}"),),
        Name.INCIDENT: (sight.incident.code,),
        Name.DEADLINE: (),
    }


async def read_scheme(tracker: Tracker, desk: DeskSettings, mirror: MirrorSettings) -> Scheme:
    """Look up what the settings name.

    Raises:
        PeerError: the tracker cannot be asked, or the project is none (`PeerNotFound`), or has no types of tickets.
    """
    me = (await tracker.me()).member.id
    types = await tracker.types(mirror.project)
    if not types:
        raise PeerUnsupported(mirror.tracker, f"no tickets can be made in {mirror.project}")
    kind = next((each for each in types if _means(mirror.type, each.id, each.name)), None)
    missing = [f"the type {mirror.type}"] if mirror.type and kind is None else []
    form = await tracker.form(mirror.project, (kind or types[0]).id)
    fields = (*form.custom, *form.doubtful)
    slots = {Name(name): _slot(Name(name), written, fields) for name, written in mirror.fields.items()}
    if form.complete:
        missing += [
            f"the field {written}" for name, written in mirror.fields.items() if not slots[Name(name)]
        ]
    known = await tracker.statuses()
    statuses = {
        ours: next((each for each in known if _means(written, each.id, each.name)), None)
        for ours in Status
        if (written := mirror.statuses.get(ours))
    }
    missing += [f"the status {mirror.statuses[ours]}" for ours, theirs in statuses.items() if theirs is None]
    if missing:
        _log.warning("the tracker does not have what the settings name", desk=desk.name, missing=missing)
    return Scheme(
        tracker=mirror.tracker,
        me=me,
        project=mirror.project,
        type=(kind or types[0]).id,
        slots={name: slot for name, slot in slots.items() if slot is not None},
        statuses={ours: theirs for ours, theirs in statuses.items() if theirs is not None},
        zone=ZoneInfo(desk.zone),
        begins=form.status or statuses.get(Status.NEW),
        missing=tuple(dict.fromkeys(missing)),
        complete=not missing
        and all(slot is not None and slot.field not in form.doubtful for slot in slots.values()),
    )


def _slot(name: Name, written: str, custom: tuple[CustomField, ...]) -> Slot | None:
    for field in custom:
        # The key of a local field stands behind the id of its queue.
        if _means(written, field.id, field.name, field.id.rpartition("--")[2]):
            return Slot(name, field)
    if name is Name.DEADLINE and written == Field.DUE:
        return Slot(name, None)
    return None


def _means(written: str, *called: str) -> bool:
    return written.casefold() in (each.casefold() for each in called)
