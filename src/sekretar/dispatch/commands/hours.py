"""`/incident hours`: the working hours by which deadlines run, and the single days on which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sekretar.dispatch.commands.filters import split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.people import DESK_OPTION
from sekretar.dispatch.commands.shift_words import coming_days, day_of, hours_in
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.calendars import rule_days, ruled_days, unrule_day
from sekretar.dispatch.sla.hours import DayKind, DayRule
from sekretar.dispatch.sla.settings import WEEKDAYS
from sekretar.kernel.dates import format_day
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.parsing import fold

_DAY: Final = timedelta(days=1)
_KINDS: Final = {
    "off": DayKind.OFF, "выходной": DayKind.OFF,
    "working": DayKind.WORKING, "рабочий": DayKind.WORKING,
    "short": DayKind.SHORTENED, "короткий": DayKind.SHORTENED,
}  # fmt: skip
_USUAL: Final = frozenset({"-", "usual", "обычный"})
#: More days at once are a mistake in writing.
_MOST_DAYS: Final = 31


@dataclass(frozen=True)
class Hours:
    """The command."""

    hands: Hands

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "hours",
                "dispatch.help.hours",
                self.hours,
                "dispatch.usage.hours",
                aliases=("часы", "календарь"),
            )
        )

    async def hours(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, DESK_OPTION)
        desk = await self.hands.desk_of(request, parts.options.get("desk", ""))
        today = day_of(request.now, ZoneInfo(desk.zone))
        if parts.words:
            await self.hands.require_lead(request.person, desk.name)
            await self._rule(desk, parts.words, today)
        async with self.hands.chat.database.reading() as session:
            ruled = await ruled_days(session, desk.name)
        return say(shown(desk, {day: rule for day, rule in ruled.items() if day >= today}, request.t))

    async def _rule(self, desk: DeskSettings, words: Sequence[str], today: date) -> None:
        if len(words) < 2:
            raise PersonError("dispatch.hours.how")
        first, last = coming_days(words[0], today)
        days = [first + _DAY * number for number in range((last - first).days + 1)]
        if len(days) > _MOST_DAYS:
            raise PersonError("dispatch.hours.how")
        rule = rule_in(words[1:])
        async with self.hands.chat.database.transaction() as session:
            if rule is not None:
                await rule_days(session, desk.name, dict.fromkeys(days, rule))
                return
            for day in days:
                await unrule_day(session, desk.name, day)


def rule_in(words: Sequence[str]) -> DayRule | None:
    """The rule for a day: `off`, `working`, `short`, or its hours; None when it is to be as usual again.

    Raises:
        PersonError: it cannot be read.
    """
    if len(words) == 1 and fold(words[0]) in _USUAL:
        return None
    if len(words) == 1 and fold(words[0]) in _KINDS:
        return DayRule(_KINDS[fold(words[0])])
    openings = tuple(hours for word in words if (hours := hours_in(word)) is not None)
    if len(openings) < len(words):
        raise PersonError("dispatch.hours.how")
    return DayRule(DayKind.OWN, openings)


def shown(desk: DeskSettings, ruled: Mapping[date, DayRule], t: Translator) -> Markdown:
    """The hours of the settings, and the days to come that differ."""
    hours = desk.sla.hours
    if hours is None:
        lines = [t("dispatch.hours.round_the_clock", desk=desk.name)]
    else:
        lines = [t("dispatch.hours.head", desk=desk.name, country=hours.country or "—")]
        for name, openings in zip(WEEKDAYS, hours.openings(), strict=True):
            said = ", ".join(map(str, openings)) or t.plain("dispatch.hours.off")
            lines.append(Markdown(f"* {t(f'dispatch.hours.{name}')}: {said}"))
    if ruled:
        lines.append(Markdown(f"\n{t('dispatch.hours.differing')}"))
    for day, rule in ruled.items():
        own = ", ".join(map(str, rule.openings))
        said = own if rule.kind is DayKind.OWN else t.plain(f"dispatch.hours.{rule.kind.value}")
        lines.append(Markdown(f"* **{format_day(day, t.language)}**: {said}"))
    return Markdown("\n").join(lines)
