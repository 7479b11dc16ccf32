"""`/incident link`, `unlink`, `merge`: how incidents belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.chat.working import actor_of
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.incidents.values import Incident, LinkKind
from sekretar.kernel.errors import PersonError
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.parsing import fold

_KINDS: Final = {
    LinkKind.RELATED: ("related", "relates", "связан", "связана"),
    LinkKind.DUPLICATE: ("duplicate", "duplicates", "дубль", "повторяет", "дублирует"),
    LinkKind.BLOCKS: ("blocks", "блокирует", "держит"),
    LinkKind.DEPENDS: ("depends", "waits", "ждет", "зависит"),
}
#: Words that join two codes and say nothing.
_JOINING: Final = frozenset({"with", "to", "and", "into", "from", "с", "со", "и", "в", "к", "от"})


@dataclass(frozen=True)
class Linking:
    """The commands about two incidents."""

    hands: Hands

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, handler, aliases in (
            ("link", self.link, ("связать",)),
            ("unlink", self.unlink, ("развязать", "отвязать")),
            ("merge", self.merge, ("объединить", "слить")),
        ):
            usage = f"dispatch.usage.{name}"
            chat.command(
                Subcommand("incident", name, f"dispatch.help.{name}", handler, usage, aliases=aliases)
            )

    async def link(self, request: CommandRequest) -> Reply:
        pair = await self._pair(request)
        one, other = pair.one, pair.other
        kind = link_kind((*pair.between, *pair.behind)) or LinkKind.RELATED
        async with self.hands.chat.database.transaction() as session:
            await self.hands.incidents.link(session, one.id, kind, other.id, actor_of(request.person))
        said = request.t.plain(f"dispatch.chat.link_kind.{kind.value}")
        return say(request.t("dispatch.commands.linked", code=one.code, kind=said, other=other.code))

    async def unlink(self, request: CommandRequest) -> Reply:
        pair = await self._pair(request)
        one, other, actor = pair.one, pair.other, actor_of(request.person)
        only = link_kind((*pair.between, *pair.behind))
        async with self.hands.chat.database.transaction() as session:
            found = [
                each.kind
                for each in await self.hands.incidents.links(session, one.id)
                if each.other.id == other.id and only in (None, each.kind)
            ]
            for kind in found:
                await self.hands.incidents.unlink(session, one.id, kind, other.id, actor)
        key = "dispatch.commands.unlinked" if found else "dispatch.commands.not_linked"
        return say(request.t(key, code=one.code, other=other.code))

    async def merge(self, request: CommandRequest) -> Reply:
        pair = await self._pair(request)
        async with self.hands.chat.database.transaction() as session:
            survivor = await self.hands.incidents.merge(
                session, pair.one.id, pair.other.id, actor_of(request.person), " ".join(pair.behind)
            )
        return say(request.t("dispatch.commands.merged", code=pair.one.code, survivor=survivor.code))

    async def _pair(self, request: CommandRequest) -> Pair:
        """The two incidents that are named, or the one of the thread and the one that is named.

        Raises:
            PersonError: one of them is missing, or not theirs.
        """
        named: list[Incident] = []
        between: list[str] = []
        words = list(request.args.words)
        while words and len(named) < 2:
            word = words.pop(0)
            found = await self.hands.called(request, word)
            if found is None:
                between.append(word)
            else:
                named.append(found)
        here = await self.hands.of_thread(request)
        if len(named) == 1 and here is not None:
            named.insert(0, here)
        if len(named) < 2:
            raise PersonError("dispatch.commands.which_two")
        for each in named:
            await self.hands.rights.require(request.person, each.desk)
        return Pair(named[0], named[1], tuple(between), tuple(words))


@dataclass(frozen=True)
class Pair:
    """Two incidents, and the other words: between their codes, or with one code all of them; and behind."""

    one: Incident
    other: Incident
    between: tuple[str, ...]
    behind: tuple[str, ...]


def link_kind(words: Sequence[str]) -> LinkKind | None:
    """The kind of link that a word names; None when no word is there but such as join.

    Raises:
        PersonError: it is no kind of link.
    """
    telling = [word for word in words if fold(word) not in _JOINING]
    if not telling:
        return None
    word = fold(telling[0])
    for kind, names in _KINDS.items():
        if word in names:
            return kind
    raise PersonError("dispatch.commands.no_link_kind", given=telling[0])
