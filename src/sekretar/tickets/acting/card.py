"""How one ticket looks, and the buttons below it: only what this person can do to it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sekretar.kernel.dates import format_date, format_duration, format_time
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
)
from sekretar.tickets.acting.acts import Done
from sekretar.tickets.words import NAME_LIMIT, due_of, is_overdue, spoken_key
from sekretar.trackers.values import (
    Comment,
    CustomValue,
    Details,
    Field,
    Relation,
    Ticket,
    TicketRef,
    Transition,
    custom_id,
)

TAKE = "tickets.take"
ASSIGN = "tickets.assign"
STEP = "tickets.step"
COMMENT = "tickets.comment"
LOG_TIME = "tickets.log_time"
SET_DUE = "tickets.set_due"

DESCRIPTION_SHOWN = 600
COMMENT_SHOWN = 240
#: The last ones are what people look for.
COMMENTS_SHOWN = 2
FILES_SHOWN = 8
RELATIONS_SHOWN = 10
_SUBJECT_SHOWN = 200
_VALUE_SHOWN = 120
_STEP_SHOWN = 60
MOST_STEPS = 25


@dataclass(frozen=True)
class Shown:
    """A ticket as somebody sees it, and what the workflow lets them do.

    Attributes:
        details: The ticket.
        steps: The steps that are offered to them.
        member_id: Who they are in the tracker.
        pages: Where the related tickets and the parent are, for browsers.
    """

    details: Details
    steps: tuple[Transition, ...]
    member_id: str
    pages: Mapping[TicketRef, str]


def card(shown: Shown, t: Translator, zone: ZoneInfo, today: date, note: Markdown | str = "") -> Message:
    """A ticket, below a word about what has just happened to it."""
    ticket = shown.details.ticket
    main = Attachment(
        color=Colour.RED if is_overdue(ticket, today) else Colour.BLUE,
        title=f"{spoken_key(ticket.ref.key)} {_one_line(ticket.subject)}",
        title_link=ticket.link,
        text=_text(shown, t, zone, today),
        fields=tuple(_fields(ticket, shown.pages, t, today)),
        actions=tuple(_buttons(shown, t)),
    )
    return Message(Markdown(note) if note else Markdown(""), (main, Attachment(actions=_lists(shown, t))))


def _one_line(subject: str) -> str:
    return truncate(" ".join(subject.split()), _SUBJECT_SHOWN)


# --- what is known


def _fields(
    ticket: Ticket, pages: Mapping[TicketRef, str], t: Translator, today: date
) -> Iterable[AttachmentField]:
    known: tuple[tuple[str, str], ...] = (
        ("status", ticket.status.name),
        ("assignee", ticket.assignee.name if ticket.assignee else t("tickets.show.nobody")),
        ("due", due_of(ticket, t, today)),
        ("priority", ticket.priority.name if ticket.priority else ""),
        ("project", ticket.project.name),
        ("type", ticket.type.name),
        ("author", ticket.author.name),
        ("start", format_date(ticket.start, t.language, today) if ticket.start else ""),
        ("estimate", format_duration(ticket.estimate, t.language) if ticket.estimate else ""),
        ("done", f"{ticket.done} %" if ticket.done else ""),
        ("parent", link(spoken_key(ticket.parent.key), pages[ticket.parent]) if ticket.parent else ""),
    )
    for name, value in known:
        if value:
            yield AttachmentField(t(f"tickets.field.{name}"), truncate(value, _VALUE_SHOWN))
    for custom in ticket.custom:
        if any(custom.values):
            yield AttachmentField(truncate(custom.name, NAME_LIMIT), _value(custom))


def _value(custom: CustomValue) -> str:
    return truncate(", ".join(each for each in custom.values if each), _VALUE_SHOWN)


def _text(shown: Shown, t: Translator, zone: ZoneInfo, today: date) -> Markdown:
    details = shown.details
    parts = (
        t("tickets.show.private") if details.ticket.private else "",
        _description(details.ticket, t),
        _comments(details.comments, t, zone, today),
        _files(details, t),
        _relations(shown, t),
    )
    return Markdown("\n\n").join(part for part in parts if part)


def _description(ticket: Ticket, t: Translator) -> Markdown:
    whole = ticket.description.strip()
    text = escape_block(truncate(whole, DESCRIPTION_SHOWN))
    if len(whole) <= DESCRIPTION_SHOWN:
        return text
    return Markdown(f"{text} {link(t('tickets.show.whole'), ticket.link)}")


def _comments(comments: Sequence[Comment], t: Translator, zone: ZoneInfo, today: date) -> Markdown:
    if not comments:
        return Markdown("")
    last = comments[-COMMENTS_SHOWN:]
    title = t.plural("tickets.show.comments", len(comments))
    return Markdown("\n").join([title, *(_comment(each, t, zone, today) for each in last)])


def _comment(comment: Comment, t: Translator, zone: ZoneInfo, today: date) -> Markdown:
    day = format_date(comment.created.astimezone(zone).date(), t.language, today)
    when = f"{day}, {format_time(comment.created, zone, t.language)}"
    said = escape(truncate(comment.text, COMMENT_SHOWN))
    return Markdown(f"> **{escape(truncate(comment.author.name, NAME_LIMIT))}**, {escape(when)}: {said}")


def _files(details: Details, t: Translator) -> Markdown:
    if not details.attachments:
        return Markdown("")
    shown = details.attachments[:FILES_SHOWN]
    names = Markdown(", ").join(link(truncate(each.name, NAME_LIMIT), each.link) for each in shown)
    more = len(details.attachments) - len(shown)
    return t("tickets.show.files", names=Markdown(f"{names}, +{more}") if more else names)


def _relations(shown: Shown, t: Translator) -> Markdown:
    relations = shown.details.relations[:RELATIONS_SHOWN]
    lines = [_relation(each, shown.pages[each.other], t) for each in relations]
    more = len(shown.details.relations) - len(relations)
    if more:
        lines.append(Markdown(f"+{more}"))
    return t("tickets.show.related", tickets=Markdown(", ").join(lines)) if lines else Markdown("")


def _relation(relation: Relation, page: str, t: Translator) -> Markdown:
    kind = relation.kind.value if relation.kind else "relates"
    return t(f"tickets.relation.{kind}", ticket=link(spoken_key(relation.other.key), page))


# --- what can be done


def record_of(ticket: Ticket) -> dict[str, JsonScalar]:
    """What a button needs to know: the ticket, and what it looked like, so that nobody's change is undone unseen."""
    return {
        "tracker": ticket.ref.tracker,
        "key": ticket.ref.key,
        "project": ticket.project.id,
        "assignee": ticket.assignee.id if ticket.assignee else "",
        "due": ticket.due.isoformat() if ticket.due else "",
    }


def _buttons(shown: Shown, t: Translator) -> Iterable[Action]:
    ticket = shown.details.ticket
    record = record_of(ticket)
    if ticket.assignee is None or ticket.assignee.id != shown.member_id:
        yield Button(t.plain("tickets.acting.take"), TAKE, record, style="primary")
    yield Button(t.plain("tickets.acting.comment"), COMMENT, record)
    yield Button(t.plain("tickets.acting.log_time"), LOG_TIME, record)
    yield Button(t.plain("tickets.acting.set_due"), SET_DUE, record)


def _lists(shown: Shown, t: Translator) -> tuple[Action, ...]:
    record = record_of(shown.details.ticket)
    assign = Select(t.plain("tickets.acting.assign"), ASSIGN, record, data_source="users")
    if not shown.steps:
        return (assign,)
    steps = tuple(Choice(each.id, _step(each)) for each in shown.steps[:MOST_STEPS])
    return (assign, Select(t.plain("tickets.acting.step"), STEP, record, steps))


def note(done: Done, ticket: Ticket, t: Translator) -> Markdown:
    """What became of an act, for the line above the card."""
    if done.ignored:
        names = ", ".join(sorted(field_name(each, ticket, t) for each in done.ignored))
        return Markdown(f"⚠️ {t('tickets.acting.ignored', tracker=ticket.ref.tracker, fields=names)}")
    return Markdown(f"{'✅' if done.worked else '⚠️'} {t.error(done.remark.as_error())}")


def field_name(key: str, ticket: Ticket, t: Translator) -> str:
    """What people call a field."""
    field_id = custom_id(key)
    if field_id is None:
        return t.plain(f"tickets.field.{Field(key)}")
    return next((each.name for each in ticket.custom if each.id == field_id), field_id)


def _step(step: Transition) -> str:
    """What the step is called, and where it leads when it is called otherwise."""
    same = step.name.casefold() == step.to.name.casefold()
    return truncate(step.name if same else f"{step.name} → {step.to.name}", _STEP_SHOWN)
