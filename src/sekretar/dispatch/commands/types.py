"""Which type of incidents somebody means: by its number in the list, its name, or a word of it."""

from __future__ import annotations

from collections.abc import Sequence

from sekretar.dispatch.incidents.values import IncidentType
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate
from sekretar.mattermost.parsing import fold

_NAMED = 3
_QUOTED = 60
#: Letters of an ending, and of a word that is long enough to have one.
_ENDING, _LONG = 2, 5


def type_called(text: str, known: Sequence[IncidentType]) -> IncidentType:
    """The type that is meant.

    Args:
        text: Its place among those that are offered, counted from 1; its name; or the beginnings of words of it.
        known: The types of a desk; those that are not offered any more have no place.

    Raises:
        PersonError: none fits, or more than one.
    """
    offered = [each for each in known if each.active]
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(offered):
        return offered[int(text[:4]) - 1]
    wanted = fold(text)
    for each in known:
        if fold(each.name) == wanted:
            return each
    fitting = [each for each in offered if _fits(wanted.split(), each)]
    # In Russian the same word has other endings: «питание» for «Авария по питанию».
    fitting = fitting or [each for each in offered if _fits([_stem(word) for word in wanted.split()], each)]
    if len(fitting) == 1:
        return fitting[0]
    given = truncate(text, _QUOTED)
    if fitting:
        names = "; ".join(each.name for each in fitting[:_NAMED])
        raise PersonError("dispatch.commands.several_types", given=given, names=names)
    raise PersonError("dispatch.commands.no_type", given=given)


def _fits(wanted: Sequence[str], each: IncidentType) -> bool:
    words = fold(each.name).replace("/", " ").split()
    return bool(wanted) and all(any(word.startswith(part) for word in words) for part in wanted)


def _stem(word: str) -> str:
    return word[:-_ENDING] if len(word) >= _LONG else word
