"""How an incident looks in the channel of its desk, and the buttons below it: only the moves that are legal now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sekretar.dispatch.assets.values import AssetCard
from sekretar.dispatch.chat.clock import changes_at, clock_line
from sekretar.dispatch.incidents import workflow
from sekretar.dispatch.incidents.values import Incident, IncidentType, Link, Status
from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.mirror.values import MirrorState, MirrorView
from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.reading import IncidentSla
from sekretar.dispatch.telling import Reader
from sekretar.kernel.forms import Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown, escape, escape_block, link, truncate
from sekretar.mattermost.messages import (
    Action,
    Attachment,
    AttachmentField,
    Button,
    Colour,
    Message,
    Select,
    Style,
)

TAKE: Final = "dispatch.take"
TYPE: Final = "dispatch.type"
ASSET: Final = "dispatch.asset"
REPLY: Final = "dispatch.reply"
MOVE: Final = "dispatch.move"
MORE: Final = "dispatch.more"
LETTER: Final = "dispatch.letter"
READ: Final = "dispatch.read"
#: Stands below the question whether linked incidents are closed, too.
CLOSE_ALL: Final = "dispatch.close_all"

SUMMARY_SHOWN = 200
DESCRIPTION_SHOWN = 500
MOST_TYPES = 50
#: The moves that have a button of their own, as far as they are legal; the rest stands in a list.
_BUTTONS: Final = (
    Status.IN_PROGRESS,
    Status.NOTIFYING_APPLICANT,
    Status.HANDING_OVER,
    Status.AWAITING_CONFIRMATION,
    Status.NOTIFYING_CLOSURE,
    Status.CLOSED,
)
_MOST_BUTTONS = 4
_STYLES: Final[dict[Status, Style]] = {Status.CLOSED: "success", Status.IN_PROGRESS: "primary"}


@dataclass(frozen=True)
class CardView:
    """All that the card of an incident shows.

    Attributes:
        types: What it can be, in the order of the desk's list; those that are not offered any more are left out.
        responsible: The name of who answers for it; empty when nobody does.
        zone: Of the desk.
        mirror: Its ticket in the tracker; None where it is not mirrored.
    """

    incident: Incident
    type: IncidentType | None
    types: tuple[IncidentType, ...]
    asset: AssetCard
    responsible: str
    links: tuple[Link, ...]
    sla: IncidentSla
    zone: ZoneInfo
    mirror: MirrorView | None = None


def card(view: CardView, t: Translator, now: datetime) -> Message:
    """The post of an incident."""
    incident, reader = view.incident, Reader(t, view.zone, now)
    firsts, moves = list(_firsts(view, t)), list(_moves(incident, t))
    if incident.unread:
        # Where there is more room: a row holds five, and a button alone below the others looks lost.
        (moves if 0 < len(moves) < len(firsts) else firsts).append(_read(incident, t))
    main = Attachment(
        color=_colour(view),
        title=_title(view, t),
        text=_text(view, t),
        fallback=f"{incident.code} {incident.summary}",
        fields=tuple(_fields(view, reader)),
        actions=tuple(firsts),
    )
    below = (Attachment(color=main.color, actions=tuple(moves)),) if moves else ()
    return Message(attachments=(main, *below))


def card_changes_at(view: CardView, now: datetime) -> datetime | None:
    """When the post shows something else although nobody has changed the incident; None for never."""
    moments = (changes_at(clock, now) for clock in (view.sla.dispatcher, view.sla.contractor))
    return min((each for each in moments if each is not None), default=None)


def _colour(view: CardView) -> Colour:
    incident, state = view.incident, view.sla.dispatcher.state
    if workflow.is_finished(incident.status):
        return Colour.GREEN
    if incident.status is Status.ERROR or state is SlaState.OVERDUE:
        return Colour.RED
    return Colour.AMBER if state is SlaState.SOON else Colour.BLUE


def _title(view: CardView, t: Translator) -> str:
    kind = view.type.name if view.type else t.plain("dispatch.card.no_type")
    mark = "✉️ " if view.incident.unread else ""
    return f"{mark}{view.incident.code} · {kind}"


def _text(view: CardView, t: Translator) -> Markdown:
    incident = view.incident
    parts = [Markdown(f"**{escape(truncate(incident.summary, SUMMARY_SHOWN))}**")]
    if incident.description:
        parts.append(escape_block(truncate(incident.description, DESCRIPTION_SHOWN)))
    if view.links:
        others = Markdown(", ").join(
            t(f"dispatch.card.link_{each.kind}", code=each.other.code) for each in view.links
        )
        parts.append(Markdown(f"🔗 {others}"))
    return Markdown("\n").join(parts)


def _fields(view: CardView, reader: Reader) -> Iterable[AttachmentField]:
    incident, asset, t = view.incident, view.asset, reader.t
    yield AttachmentField(t("dispatch.card.status"), Markdown(escape(status_name(t, incident.status))))
    nobody = Markdown(f"⚠️ {t('dispatch.card.nobody')}")
    responsible = escape(view.responsible) if view.responsible else nobody
    yield AttachmentField(t("dispatch.card.responsible"), responsible)
    yield AttachmentField(t("dispatch.card.sla"), clock_line(view.sla.dispatcher, reader))
    if view.sla.contractor.state is not SlaState.UNKNOWN:
        yield AttachmentField(t("dispatch.card.contractor_sla"), clock_line(view.sla.contractor, reader))
    if incident.applicant.address or incident.applicant.name:
        yield AttachmentField(t("dispatch.card.applicant"), _applicant(incident))
    if asset.pole:
        yield AttachmentField(t("dispatch.card.pole"), _pole(asset, t), short=False)
    if asset.station:
        yield AttachmentField(t("dispatch.card.station"), _station(asset))
    if asset.contractor:
        yield AttachmentField(t("dispatch.card.contractor"), _contractor(asset, t))
    if view.mirror is not None:
        yield AttachmentField(t("dispatch.card.tracker"), _ticket(view.mirror, t))
    yield AttachmentField(t("dispatch.card.opened"), escape(reader.moment(incident.opened_at)))


def _ticket(mirror: MirrorView, t: Translator) -> Markdown:
    if not mirror.key:
        return t("dispatch.card.not_in_tracker")
    if mirror.state is MirrorState.GONE:
        return t("dispatch.card.ticket_gone", ticket=mirror.key)
    if mirror.state is MirrorState.FULL:
        return t("dispatch.card.ticket_full", ticket=link(mirror.key, mirror.link))
    return link(mirror.key, mirror.link)


def _applicant(incident: Incident) -> Markdown:
    who = incident.applicant
    words = f"{who.name} ({who.address})" if who.name and who.address else who.name or who.address
    return escape(truncate(words, 120))


def _pole(asset: AssetCard, t: Translator) -> Markdown:
    pole = asset.pole
    if pole is None:
        return Markdown("")
    where = ", ".join(each for each in (pole.region_ru or pole.region, pole.address) if each)
    parts = [Markdown(f"**{escape(pole.code)}**")]
    if where:
        parts.append(escape(truncate(where, 200)))
    if pole.map_link:
        parts.append(link(t("dispatch.card.map"), pole.map_link))
    return Markdown(" · ").join(parts)


def _station(asset: AssetCard) -> Markdown:
    station = asset.station
    if station is None:
        return Markdown("")
    operators = ", ".join(each.name for each in station.operators)
    return escape(f"{station.name} ({operators})" if operators else station.name)


def _contractor(asset: AssetCard, t: Translator) -> Markdown:
    contractor = asset.contractor
    if contractor is None:
        return Markdown("")
    name = escape(contractor.name or t.plain("dispatch.card.default_contractor"))
    return Markdown(f"{name} ⚠️ {t('dispatch.card.excluded')}") if contractor.excluded else name


# --- what can be done


def record_of(incident: Incident, **more: JsonScalar) -> dict[str, JsonScalar]:
    """What a button needs to know: the incident, and where it stood, so that nobody's move is undone unseen."""
    return {"incident": incident.id, "status": incident.status.value, **more}


def _firsts(view: CardView, t: Translator) -> Iterable[Action]:
    incident, record = view.incident, record_of(view.incident)
    if not workflow.is_finished(incident.status):
        yield from _open_firsts(view, t)
    yield Button(t.plain("dispatch.card.reply"), REPLY, record, anyone=True)


def _read(incident: Incident, t: Translator) -> Action:
    return Button(t.plain("dispatch.card.read"), READ, record_of(incident), anyone=True)


def _open_firsts(view: CardView, t: Translator) -> Iterable[Action]:
    incident, record = view.incident, record_of(view.incident)
    if incident.responsible_id is None or incident.status is Status.NEW:
        yield Button(t.plain("dispatch.card.take"), TAKE, record, style="primary", anyone=True)
    choices = tuple(Choice(str(each.id), truncate(each.name, 60)) for each in view.types[:MOST_TYPES])
    if choices:
        yield Select(t.plain("dispatch.card.set_type"), TYPE, record, choices, anyone=True)
    yield Button(t.plain("dispatch.card.set_asset"), ASSET, record, anyone=True)


def _moves(incident: Incident, t: Translator) -> Iterable[Action]:
    legal = [each for each in workflow.moves(incident.status) if not _is_taking(incident, each)]
    own = [each for each in _BUTTONS if each in legal][:_MOST_BUTTONS]
    for target in own:
        yield _move(incident, target, t)
    rest = [each for each in legal if each not in own]
    if rest:
        choices = tuple(Choice(each.value, status_name(t, each)) for each in rest)
        yield Select(t.plain("dispatch.card.more"), MORE, record_of(incident), choices, anyone=True)


def for_one(message: Message) -> Message:
    """The same for a single reader, whose buttons are theirs alone."""
    shown = (
        replace(part, actions=tuple(replace(each, anyone=False) for each in part.actions))
        for part in message.attachments
    )
    return Message(message.text, tuple(shown))


def moves_of(incident: Incident, t: Translator) -> tuple[Action, ...]:
    """Where it can go from here, as buttons for a single reader, and a list where they are many."""
    return tuple(replace(each, anyone=False) for each in _moves(incident, t))


def verbs_of(t: Translator) -> dict[str, Status]:
    """What the buttons of moves are called, without their ellipsis."""
    return {t.plain(f"dispatch.card.to_{target.value}").rstrip("…"): target for target in _BUTTONS}


def _is_taking(incident: Incident, target: Status) -> bool:
    """A new incident is put to work by taking it."""
    return incident.status is Status.NEW and target is Status.IN_PROGRESS


def _move(incident: Incident, target: Status, t: Translator) -> Button:
    label = t.plain(f"dispatch.card.to_{target.value}")
    style = _STYLES.get(target, "default")
    trigger = workflow.TRIGGERS.get(target)
    if trigger is not None:
        record = record_of(incident, letter=trigger.letter.value)
        return Button(label, LETTER, record, style=style, anyone=True)
    return Button(label, MOVE, record_of(incident, to=target.value), style=style, anyone=True)
