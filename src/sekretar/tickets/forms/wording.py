"""What people read on the way from *new task* to a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sekretar.kernel.dates import format_date
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import WHOLE_FORM, Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, link, truncate
from sekretar.mattermost.chat import Record
from sekretar.mattermost.messages import Action, Attachment, Button, Colour, Message, Select
from sekretar.tickets.batches.wording import made_line
from sekretar.tickets.forms.answers import due_of
from sekretar.tickets.forms.questions import MOST_CHOICES, label_of
from sekretar.tickets.forms.source import Quoted
from sekretar.tickets.forms.store import TicketDraft
from sekretar.trackers.values import Field, Project

#: Begins a ticket: asks for the project, in the tracker of the record.
BEGIN = "tickets.new"
#: Opens the form: the project is the option that was chosen, or stands in the record.
FILL_IN = "tickets.new.project"
#: Opens the form of a draft again.
CHANGE = "tickets.new.change"
#: Opens the rarely used fields of a draft.
FILL_IN_MORE = "tickets.new.more"
CREATE = "tickets.new.create"
DISCARD = "tickets.new.discard"

_SUBJECT_SHOWN = 80
_LABEL_LIMIT = 40


def where(
    tracker: str,
    projects: Sequence[Project],
    default: Project | None,
    others: Sequence[str],
    record: Record,
    unfinished: Sequence[TicketDraft],
    t: Translator,
) -> Message:
    """The first question: which project; beside it what was begun and not finished."""
    record = {**record, "tracker": tracker}
    shown = projects[:MOST_CHOICES]
    choices = tuple(Choice(each.id, f"{each.name} ({each.key})") for each in shown)
    actions: list[Action] = []
    if default is not None:
        label = t.plain("tickets.new.in_project", project=truncate(default.name, _LABEL_LIMIT))
        actions.append(Button(label, FILL_IN, {**record, "project": default.id}, style="primary"))
    actions.append(Select(t.plain("tickets.new.choose_project"), FILL_IN, record, choices))
    hint = t("tickets.new.by_key", count=len(shown)) if len(projects) > len(shown) else ""
    attachments = [Attachment(text=hint, actions=tuple(actions))]
    if others:
        buttons = tuple(Button(name, BEGIN, {**record, "tracker": name}) for name in others[:5])
        attachments.append(Attachment(text=t("tickets.new.elsewhere"), actions=buttons))
    attachments += [_begun(draft, t) for draft in unfinished]
    return Message(t("tickets.new.where", tracker=tracker), tuple(attachments))


def one_form(record: Record, t: Translator) -> Message:
    """There is nothing to choose: the form of a draft is behind one button."""
    button = Button(t.plain("tickets.new.fill_in"), CHANGE, record, style="primary")
    return Message(attachments=(Attachment(actions=(button,)),))


def offered(found: Quoted, asking: Message, t: Translator) -> Message:
    """Somebody has put the emoji for it under a message."""
    subject = found.subject or t.plain("tickets.new.untitled")
    about = t("tickets.new.offer", message=link(truncate(subject, _SUBJECT_SHOWN), found.link))
    parts = [part for part in (about, Markdown(asking.text)) if part]
    return Message(Markdown("\n\n").join(parts), asking.attachments)


def intro(draft: TicketDraft, t: Translator) -> Markdown:
    """Above the questions: where the ticket goes, and what of the message goes along unseen."""
    form = draft.asked.form
    parts = [t("tickets.new.intro", project=form.project.name, tracker=draft.tracker)]
    if draft.appendix:
        parts.append(t("tickets.new.comes_along"))
    if draft.reason is not None:
        parts.append(t.error(draft.reason.as_error()))
    return Markdown(" ").join(parts)


def kept(draft: TicketDraft, t: Translator) -> Message:
    """The usual fields are filled in; the rest is wanted, too."""
    record = {"draft": draft.id}
    more = Button(t.plain("tickets.new.more"), FILL_IN_MORE, record, style="primary")
    return _about(draft, t("tickets.new.kept", subject=_subject(draft, t)), Colour.BLUE, more, t)


def lacking(draft: TicketDraft, missing: Sequence[str], t: Translator) -> Message:
    """Another type was chosen, and that one wants more."""
    spec = draft.asked
    names = ", ".join(label_of(spec, key, t) for key in missing)
    told = t("tickets.new.lacking", subject=_subject(draft, t), type=spec.form.type.name, fields=names)
    return _about(draft, told, Colour.AMBER, _change(draft, t, "tickets.new.fill_in"), t)


def waiting(draft: TicketDraft, t: Translator) -> Message:
    """The tracker could not be asked; everything is kept."""
    reason = t.error(draft.reason.as_error()) if draft.reason else ""
    told = t("tickets.new.waiting", subject=_subject(draft, t), reason=reason)
    return _about(draft, told, Colour.AMBER, _change(draft, t), t)


def refused(draft: TicketDraft, errors: Mapping[str, PersonError], t: Translator) -> Message:
    """The ticket cannot be made like this; everything is kept."""
    spec = draft.asked
    lines = [t("tickets.new.refused", subject=_subject(draft, t))]
    for key, error in errors.items():
        said = t.error(error)
        named = (
            t("tickets.new.at_field", field=label_of(spec, key, t), said=said) if key != WHOLE_FORM else said
        )
        lines.append(Markdown(f"* {named}"))
    return _about(draft, Markdown("\n").join(lines), Colour.RED, _change(draft, t), t)


def made(
    draft: TicketDraft, ignored: Sequence[str], left: Sequence[str], today: date, t: Translator
) -> Message:
    """The ticket is there."""
    return Message(Markdown("\n").join(_made(draft, ignored, left, today, t)))


def _made(
    draft: TicketDraft, ignored: Sequence[str], left: Sequence[str], today: date, t: Translator
) -> Iterator[Markdown]:
    spec, due = draft.asked, due_of(draft.answers)
    yield t.plural("tickets.batch.made", 1)
    yield made_line(draft.ticket_key, draft.link, _subject(draft, t))
    if due is not None and due < today:
        yield t("tickets.new.past")
    if ignored:
        names = ", ".join(label_of(spec, key, t) for key in ignored)
        yield t("tickets.new.ignored", tracker=draft.tracker, fields=names)
    if left:
        yield t("tickets.new.files_left", names=", ".join(left))


def assigned(draft: TicketDraft, author: Person, t: Translator) -> Message:
    """For whoever shall do it."""
    due = due_of(draft.answers)
    line = made_line(draft.ticket_key, draft.link, _subject(draft, t))
    if due is not None:
        line = Markdown(f"{line} {t('tickets.assigned.due', day=format_date(due, t.language))}")
    title = t.plural("tickets.assigned.title", 1, author=author.display_name)
    return Message(Markdown("\n").join([title, line]))


def _begun(draft: TicketDraft, t: Translator) -> Attachment:
    told = t("tickets.new.unfinished", subject=_subject(draft, t), project=draft.asked.form.project.name)
    return Attachment(
        Colour.AMBER, text=told, actions=(_change(draft, t, "tickets.new.go_on"), _discard(draft, t))
    )


def _about(draft: TicketDraft, told: Markdown, colour: Colour, button: Button, t: Translator) -> Message:
    create = Button(
        t.plain("tickets.new.create"),
        CREATE,
        {"draft": draft.id},
        style="primary" if button.style == "default" else "default",
    )
    actions = (create, button, _discard(draft, t))
    return Message(Markdown(""), (Attachment(colour, text=told, actions=actions),))


def _change(draft: TicketDraft, t: Translator, label: str = "tickets.new.change") -> Button:
    return Button(t.plain(label), CHANGE, {"draft": draft.id})


def _discard(draft: TicketDraft, t: Translator) -> Button:
    return Button(t.plain("tickets.new.discard"), DISCARD, {"draft": draft.id})


def _subject(draft: TicketDraft, t: Translator) -> str:
    subject = str(draft.answers.get(Field.SUBJECT, "")) or t.plain("tickets.new.untitled")
    return truncate(subject, _SUBJECT_SHOWN)
