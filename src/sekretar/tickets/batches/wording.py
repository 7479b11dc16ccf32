"""How several tickets are put before whoever wants them made, and how it is told what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sekretar.kernel.dates import format_date
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, code, escape, link, table, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message
from sekretar.tickets.batches.planning import Addressee, Planned
from sekretar.tickets.batches.store import Row, RowState
from sekretar.tickets.remarks import Remark
from sekretar.tickets.words import spoken_key

CREATE = "tickets.batch.create"
EDIT = "tickets.batch.edit"
CANCEL = "tickets.batch.cancel"
AGAIN = "tickets.batch.again"

#: In a table: the rest of a subject is in the ticket.
SUBJECT_SHOWN = 80
_NAME_LIMIT = 40
_HEADING_LIMIT = 60


def preview(
    number: int, tracker: str, rows: Sequence[Planned], headings: Sequence[str], t: Translator, today: date
) -> Message:
    """What would be made, what speaks against it, and the buttons to decide."""
    good = sum(row.creatable for row in rows)
    text = Markdown("\n\n").join(
        part
        for part in (
            t.plural("tickets.preview.title", len(rows), tracker=tracker),
            _table(rows, t, today),
            Markdown("\n").join(_remarks(rows, t)),
            _skipped(headings, t),
        )
        if part
    )
    return Message(text, (_decision(number, good, len(rows), t),))


def kept(number: int, reason: Remark, t: Translator) -> Message:
    """Nobody can say what would be made: the text is kept, and nothing happens by itself."""
    record = {"batch": number}
    actions = (
        Button(t.plain("tickets.lists.again"), AGAIN, record, style="primary"),
        Button(t.plain("tickets.preview.edit"), EDIT, record),
        Button(t.plain("tickets.preview.cancel"), CANCEL, record),
    )
    text = t("tickets.preview.kept", reason=said(reason, t))
    return Message(Markdown(""), (Attachment(color=Colour.AMBER, text=text, actions=actions),))


def _decision(number: int, good: int, count: int, t: Translator) -> Attachment:
    record = {"batch": number}
    label = "tickets.preview.create_all" if good == count else "tickets.preview.create_some"
    create = Button(t.plain_plural(label, good, total=count), CREATE, record, style="primary")
    others = (
        Button(t.plain("tickets.preview.edit"), EDIT, record),
        Button(t.plain("tickets.preview.cancel"), CANCEL, record),
    )
    return Attachment(
        color=Colour.BLUE if good == count else Colour.AMBER,
        text="" if good else t("tickets.preview.nothing"),
        actions=((create,) if good else ()) + others,
    )


def _table(rows: Sequence[Planned], t: Translator, today: date) -> Markdown:
    columns = ("row", "subject", "who", "due", "project", "priority")
    headers = [t(f"tickets.column.{column}") for column in columns]
    return table(headers, [_cells(row, t, today) for row in rows])


def _cells(row: Planned, t: Translator, today: date) -> list[str]:
    mark = "❌" if row.problems else "⚠️" if row.warnings else ""
    people = [each for each in (row.assignee, *row.others) if each is not None]
    return [
        Markdown(f"{row.row} {mark}".strip()),
        truncate(row.subject, SUBJECT_SHOWN),
        Markdown(", ").join(_name(each) for each in people),
        format_date(row.due, t.language, today) if row.due else "",
        truncate(row.project.name, _NAME_LIMIT) if row.project else "",
        row.priority.name if row.priority else "",
    ]


def _name(addressee: Addressee) -> str:
    return truncate(addressee.name or addressee.username, _NAME_LIMIT)


def _remarks(rows: Sequence[Planned], t: Translator) -> Iterator[str]:
    for row in rows:
        for sign, remarks in (("❌", row.problems), ("⚠️", row.warnings)):
            for remark in remarks:
                yield Markdown(f"{sign} {t('tickets.preview.remark', row=row.row, remark=said(remark, t))}")


def _skipped(headings: Sequence[str], t: Translator) -> Markdown | str:
    if not headings:
        return ""
    shown = ", ".join(truncate(each, _HEADING_LIMIT) for each in headings)
    return t("tickets.preview.skipped", lines=shown)


def said(remark: Remark, t: Translator) -> Markdown:
    """A remark in the person's language."""
    return t.error(remark.as_error())


def creating(count: int, t: Translator) -> Message:
    """The person has said yes."""
    return Message(t.plural("tickets.batch.creating", count))


def cancelled(t: Translator) -> Message:
    """Nothing was made."""
    return Message(t("tickets.batch.cancelled"))


def result(
    number: int, rows: Sequence[Row], obstacle: Remark | None, t: Translator, untied: Remark | None = None
) -> Message:
    """What became of the rows, and what can be done about the rest; why they are not tied together, if so."""
    made = [row for row in rows if row.state is RowState.CREATED]
    refused = [row for row in rows if row.state is RowState.REFUSED]
    waiting = [row for row in rows if row.state is RowState.WAITING]
    text = Markdown("\n").join(
        [
            t.plural("tickets.batch.made", len(made)) if made else t("tickets.batch.made_none"),
            *(_made(row) for row in made),
            *(_refused(row, t) for row in refused),
            *([t("tickets.batch.untied", reason=said(untied, t))] if untied else []),
        ]
    )
    if not waiting or obstacle is None:
        return Message(text, _again(number, refused, t))
    record = {"batch": number}
    go_on = Button(t.plain("tickets.batch.go_on"), CREATE, record, style="primary")
    stopped = t.plural("tickets.batch.waiting", len(waiting), reason=said(obstacle, t))
    return Message(text, (Attachment(color=Colour.AMBER, text=stopped, actions=(go_on,)),))


def _again(number: int, refused: Sequence[Row], t: Translator) -> tuple[Attachment, ...]:
    """The rows that the tracker does not take can be mended and given again."""
    if not refused:
        return ()
    mend = Button(t.plain("tickets.batch.mend"), EDIT, {"batch": number})
    return (
        Attachment(color=Colour.RED, text=t.plural("tickets.batch.refused", len(refused)), actions=(mend,)),
    )


def made_line(key: str, address: str, subject: str) -> Markdown:
    """A ticket as one of a list."""
    return Markdown(f"* {ticket_link(key, address)} {escape(truncate(subject, SUBJECT_SHOWN))}")


def _made(row: Row) -> Markdown:
    return made_line(row.ticket_key, row.link, row.planned.subject)


def _refused(row: Row, t: Translator) -> Markdown:
    reason = said(row.remark, t) if row.remark else ""
    subject = truncate(row.planned.subject, SUBJECT_SHOWN)
    return Markdown(
        f"* ❌ {t('tickets.batch.refused_row', row=row.planned.row, subject=subject, reason=reason)}"
    )


def ticket_link(key: str, address: str) -> Markdown:
    """The key of a ticket, leading to its page."""
    return link(spoken_key(key), address) if address else code(spoken_key(key))


def assigned(rows: Sequence[Row], person_id: int, author: Person, t: Translator) -> Message:
    """What is new for somebody, in one message."""
    lines = [_assigned(row, person_id, t) for row in rows]
    title = t.plural("tickets.assigned.title", len(rows), author=author.display_name)
    return Message(Markdown("\n").join([title, *lines]))


def _assigned(row: Row, person_id: int, t: Translator) -> Markdown:
    assignee = row.planned.assignee
    beside = "" if assignee and assignee.person_id == person_id else t("tickets.assigned.beside")
    due = t("tickets.assigned.due", day=format_date(row.planned.due, t.language)) if row.planned.due else ""
    return Markdown(" ").join([_made(row), *(part for part in (due, beside) if part)])


def summary(rows: Sequence[Row], author: Person, t: Translator) -> Message:
    """For the channel: what was given to whom."""
    title = t.plural("tickets.summary.title", len(rows), author=Markdown(f"@{author.username}"))
    return Message(Markdown("\n").join([title, *(summed_up(row, t) for row in rows)]))


def summed_up(row: Row, t: Translator) -> Markdown:
    """A ticket that was made, to whom it was given, and its last day: a line of a list."""
    people = [each for each in (row.planned.assignee, *row.planned.others) if each is not None]
    names = Markdown(", ").join(_name(each) for each in people)
    due = t("tickets.assigned.due", day=format_date(row.planned.due, t.language)) if row.planned.due else ""
    return Markdown(" · ").join(part for part in (_made(row), names, due) if part)
