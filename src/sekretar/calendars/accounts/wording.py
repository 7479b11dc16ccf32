"""Accounts and their calendars in words: how they are doing, what is wrong and how it is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.accounts.own_addresses import Own
from sekretar.calendars.accounts.wishes import CalendarCard, Wishes
from sekretar.calendars.caldav import PROVIDERS
from sekretar.calendars.model import Trouble
from sekretar.calendars.views.agenda import AccountHealth
from sekretar.calendars.wording import moment, nothing_connected, provider_name, stack, trouble
from sekretar.kernel.forms import Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, link, truncate
from sekretar.mattermost.messages import Action, Attachment, Button, Colour, Message, Select

ACCOUNTS = "calendars.accounts"
REFRESH = "calendars.refresh"
MEND = "calendars.mend"
CHOOSE = "calendars.choose"
#: Opens the wishes for one calendar; the chosen value names it.
CALENDAR = "calendars.calendar"
#: Opens the further addresses that the person is known by in an account.
ADDRESSES = "calendars.addresses"

#: So many calendars are listed and offered; nobody has more that they look at.
MOST_CALENDARS = 25
_NAME_LIMIT = 60

#: Of the addresses that servers tell so many are shown: some providers have ten for one mailbox.
_MOST_TOLD = 3

_MENDED = {known: f"calendars.mend.{known.value}" for known in Trouble}


@dataclass(frozen=True)
class Looked:
    """An account after a look that was asked for. `through`: the look has come to an end."""

    account: AccountHealth
    changes: int
    through: bool


def accounts(
    found: Sequence[AccountHealth],
    cards: Sequence[CalendarCard],
    own: Mapping[int, Own],
    zone: ZoneInfo,
    t: Translator,
    now: datetime,
) -> Message:
    """What is connected, which of it is shown, how it is doing; with the buttons to mend, change or end it.

    `own`: by account, which addresses are the person's.
    """
    if not found:
        return nothing_connected(t)
    attachments: list[Attachment] = []
    for each in found:
        theirs = [card for card in cards if card.account_id == each.account_id]
        attachments.append(_account(each, theirs, zone, t, now))
        attachments.append(_addresses(each, own.get(each.account_id, Own()), t))
    return Message(t("calendars.accounts.heading"), tuple(attachments))


def _account(
    account: AccountHealth, cards: Sequence[CalendarCard], zone: ZoneInfo, t: Translator, now: datetime
) -> Attachment:
    lines = [_calendar_line(each, t) for each in cards[:MOST_CALENDARS]]
    if rest := len(cards) - len(lines):
        lines.append(t.plural("calendars.details.more", rest))
    return Attachment(
        color=Colour.RED if account.trouble else Colour.GREEN,
        title=escape(f"{account.login} — {provider_name(account.provider, t)}"),
        text=stack(*lines, "", state(account, zone, t, now), mending(account, t)),
        actions=_actions(account, cards, t),
    )


def _actions(account: AccountHealth, cards: Sequence[CalendarCard], t: Translator) -> tuple[Action, ...]:
    record = {"account": account.account_id}
    mend = Button(
        t.plain("calendars.accounts.mend"),
        MEND,
        record,
        style="primary" if account.trouble == Trouble.PASSWORD else "default",
    )
    buttons: list[Action] = [
        Button(t.plain("calendars.accounts.refresh"), REFRESH, record),
        mend,
        Button(t.plain("calendars.accounts.disconnect"), "calendars.disconnect.ask", record),
    ]
    if len(cards) > 1:
        buttons.insert(1, Button(t.plain("calendars.connect.choose_calendars"), CHOOSE, record))
    if cards:
        choices = tuple(
            Choice(str(each.calendar_id), truncate(each.name, _NAME_LIMIT) or str(each.calendar_id))
            for each in cards[:MOST_CALENDARS]
        )
        buttons.append(Select(t.plain("calendars.accounts.settings"), CALENDAR, record, choices))
    return tuple(buttons)


def _calendar_line(card: CalendarCard, t: Translator) -> Markdown:
    name = escape(truncate(card.name, _NAME_LIMIT))
    remarks = [] if card.wishes.chosen else [t("calendars.calendar.hidden")]
    if card.wishes.chosen:
        remarks = remarks_on(card, t)
    shown = Markdown(f"**{name}**") if card.wishes.chosen else Markdown(f"~~{name}~~")
    return Markdown(f"* {' · '.join([shown, *remarks])}")


def remarks_on(card: CalendarCard, t: Translator) -> list[Markdown]:
    """What is special about a calendar that is shown."""
    wishes = card.wishes
    said = {
        "calendars.calendar.first_choice": wishes.preferred,
        "calendars.calendar.read_only": not card.writable,
        "calendars.calendar.no_reminders": not wishes.reminds,
        "calendars.calendar.no_digest": not wishes.in_digest,
        "calendars.calendar.no_news": not wishes.tells,
        "calendars.calendar.no_presence": not wishes.shows_presence,
        "calendars.calendar.no_time": not wishes.takes_time,
        "calendars.calendar.no_follow_up": not wishes.follows_up,
    }
    return [t(key) for key, holds in said.items() if holds]


def saved(card: CalendarCard, before: Wishes, t: Translator) -> Message:
    """What holds for a calendar from now on."""
    name = truncate(card.name, _NAME_LIMIT)
    key = "calendars.calendar.saved" if card.wishes != before else "calendars.calendar.same"
    if not card.wishes.chosen:
        what = t("calendars.calendar.hidden")
    else:
        what = Markdown(", ").join(remarks_on(card, t)) or t("calendars.calendar.everything")
    return Message(t(key, name=name, what=what))


def _addresses(account: AccountHealth, own: Own, t: Translator) -> Attachment:
    """By which addresses the person is known in the account, and the way to name others."""
    button = Button(t.plain("calendars.addresses.button"), ADDRESSES, {"account": account.account_id})
    return Attachment(text=_known_by(own, t), actions=(button,))


def _known_by(own: Own, t: Translator) -> Markdown:
    told = ", ".join(own.told[:_MOST_TOLD])
    if len(own.told) > _MOST_TOLD:
        told += f" (+{len(own.told) - _MOST_TOLD})"
    named = ", ".join(own.named)
    if told and named:
        return t("calendars.addresses.known_by_both", told=told, named=named)
    if told or named:
        return t("calendars.addresses.known_by", addresses=told or named)
    return t("calendars.addresses.known_by_none")


def account_line(account: AccountHealth, zone: ZoneInfo, t: Translator, now: datetime) -> Markdown:
    """An account and how it is doing, in one line."""
    return Markdown(f"**{escape(account.login)}** · {state(account, zone, t, now)}")


def state(account: AccountHealth, zone: ZoneInfo, t: Translator, now: datetime) -> Markdown:
    """When it was read last, and what keeps it from being read."""
    if account.synced_at is None:
        read = t("calendars.accounts.loading")
    else:
        read = t("calendars.accounts.synced", time=moment(account.synced_at, zone, t, now))
    return Markdown(f"{read} {trouble(account.trouble, t)}".strip())


def mending(account: AccountHealth, t: Translator) -> Markdown:
    """What the person can do about what is wrong; empty when nothing is."""
    if not account.trouble:
        return Markdown("")
    provider = PROVIDERS.get(account.provider)
    if account.trouble == Trouble.PASSWORD and provider is not None and provider.password_url:
        return t("calendars.mend.password_link", link=link(provider.password_url, provider.password_url))
    return t(_MENDED[Trouble(account.trouble)])


def refreshed(looked: Sequence[Looked], zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """What came of a look that was asked for."""
    changes = sum(each.changes for each in looked)
    head = t.plural("calendars.refresh.changes", changes) if changes else t("calendars.refresh.none")
    wrong = [each for each in looked if not each.through or each.account.trouble]
    if len(wrong) == len(looked) and not changes:
        head = t("calendars.refresh.failed")
    return Message(head, tuple(_wrong(each, zone, t, now) for each in wrong))


def _wrong(looked: Looked, zone: ZoneInfo, t: Translator, now: datetime) -> Attachment:
    account = looked.account
    if not looked.through:
        waiting = t("calendars.refresh.waiting")
        return Attachment(color=Colour.AMBER, text=Markdown(f"**{escape(account.login)}** · {waiting}"))
    record = {"account": account.account_id}
    mend = Button(t.plain("calendars.accounts.mend"), MEND, record, style="primary")
    return Attachment(
        color=Colour.RED,
        text=stack(account_line(account, zone, t, now), mending(account, t)),
        actions=(mend,) if account.trouble == Trouble.PASSWORD else (),
    )
