"""`/incident types`: what kinds of incidents a desk knows, and how long it has for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sekretar.dispatch.commands.filters import split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.people import DESK_OPTION
from sekretar.dispatch.commands.types import type_called
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.types import TypeDraft
from sekretar.dispatch.incidents.values import IncidentType
from sekretar.dispatch.sla.keeping import Slas
from sekretar.kernel.dates import format_duration, minutes_in
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.parsing import fold

_ADD: Final = frozenset({"add", "добавить"})
_EDIT: Final = frozenset({"edit", "изменить"})
_RETIRE: Final = frozenset({"retire", "убрать"})
_RESTORE: Final = frozenset({"restore", "вернуть"})
#: Lengths may be written in two words: `4 hours`.
_LENGTH_WORDS: Final = 2


@dataclass(frozen=True)
class Kinds:
    """The command."""

    hands: Hands
    slas: Slas

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "types",
                "dispatch.help.types",
                self.types,
                "dispatch.usage.types",
                aliases=("типы",),
            )
        )

    async def types(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, DESK_OPTION)
        desk = (await self.hands.desk_of(request, parts.options.get("desk", ""))).name
        if parts.words:
            await self.hands.require_lead(request.person, desk)
            await self._act(desk, fold(parts.words[0]), parts.words[1:])
        async with self.hands.chat.database.reading() as session:
            known = await types.of_desk(session, desk)
        return say(listed(known, request.t))

    async def _act(self, desk: str, act: str, words: Sequence[str]) -> None:
        if act not in _ADD | _EDIT | _RETIRE | _RESTORE or not words:
            raise PersonError("dispatch.types.how")
        if act in _ADD:
            name, minutes = name_and_minutes(words)
            if minutes is None:
                raise PersonError("dispatch.type.bad_minutes")
            async with self.hands.chat.database.transaction() as session:
                await types.add(session, desk, TypeDraft(name, minutes))
            return
        async with self.hands.chat.database.transaction() as session:
            known = await types.of_desk(session, desk)
            chosen = type_called(words[0] if act in _EDIT else " ".join(words), known)
            present = TypeDraft(chosen.name, chosen.minutes, chosen.description, chosen.active)
            await types.edit(session, chosen.id, _changed(present, act, words[1:]))
        if act in _EDIT:
            await self.slas.reapply(chosen.id)


def _changed(present: TypeDraft, act: str, words: Sequence[str]) -> TypeDraft:
    if act in _RETIRE | _RESTORE:
        return replace(present, active=act in _RESTORE)
    name, minutes = name_and_minutes(words)
    if not name and minutes is None:
        raise PersonError("dispatch.types.how")
    return replace(present, name=name or present.name, minutes=minutes or present.minutes)


def name_and_minutes(words: Sequence[str]) -> tuple[str, int | None]:
    """A name, and the time behind it: `Power failure 4h`, `Access 48 hours`; None where no time is said.

    Raises:
        PersonError: what stands behind it is to be a time and is none.
    """
    for length in range(min(_LENGTH_WORDS, len(words)), 0, -1):
        minutes = minutes_in(" ".join(words[-length:]))
        if minutes is not None:
            return " ".join(words[:-length]), minutes
    if words and words[-1][:1] in "-−" and words[-1][1:2].isdecimal():
        raise PersonError("dispatch.type.bad_minutes")
    return " ".join(words), None


def listed(known: Sequence[IncidentType], t: Translator) -> Markdown:
    """The types with the numbers by which they can be named."""
    lines = [t("dispatch.types.head")]
    for number, each in enumerate((each for each in known if each.active), start=1):
        length = format_duration(timedelta(minutes=each.minutes), t.language)
        lines.append(t("dispatch.types.line", number=number, name=each.name, time=length))
    retired = ", ".join(each.name for each in known if not each.active)
    if retired:
        lines.append(Markdown(f"\n{t('dispatch.types.retired')} {escape(retired)}"))
    return Markdown("\n").join(lines)
