"""One code of an incident, many spellings: «НТ-7», «нт–07», `#nt-7`, or `NT-7` with a Russian Т in it.

What codes begin with is Latin (the settings see to that). Whoever has a Russian keyboard before them types letters
that look the same or sound the same: Н is H to the eye and N to the ear. So what is typed has several readings. That
no two desks can be meant by one spelling is checked where the settings are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import combinations, product
from typing import Final

from sekretar.dispatch.assets.spelling import capitals, fold, look_alikes

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{0,15}-[0-9]{1,18}")
_ZEROS: Final = re.compile(r"-0+(?=[0-9])")
_SOUNDS: Final = dict(zip("АБВГДЕЗИЙКЛМНОПРСТУФХЦЫЭ", "ABVGDEZIJKLMNOPRSTUFHCYE", strict=True))
#: So many letters of a code are read in two ways; more stand in no code.
_MOST_OPEN: Final = 4
_LONGEST_NUMBER: Final = 18


def readings(written: str) -> tuple[str, ...]:
    """What a code, its beginning or its number may mean, as codes are stored; as it looks comes first."""
    plain = capitals(written).strip().removeprefix("#").strip()
    letters = [tuple(dict.fromkeys((fold(each), _SOUNDS.get(each, fold(each))))) for each in plain]
    open_ones = [at for at, each in enumerate(letters) if len(each) > 1]
    for at in open_ones[_MOST_OPEN:]:
        letters[at] = letters[at][:1]
    return tuple(dict.fromkeys(_ZEROS.sub("-", "".join(each), count=1) for each in product(*letters)))


def number_of(written: str) -> int | None:
    """The number, where nothing else was typed; None for anything else."""
    look = fold(written).strip().removeprefix("#").strip()
    return int(look) if look.isascii() and look.isdigit() and len(look) <= _LONGEST_NUMBER else None


def is_code(written: str) -> bool:
    """Whether it is a whole code, and not a number alone."""
    return any(_CODE.fullmatch(each) for each in readings(written))


def pattern(code: str) -> str:
    """What finds a code, or what codes begin with, in a text, in either alphabet and either case, by `re`."""
    return "".join(
        f"[{''.join(sorted(_spellings(each)))}]" if each.isalpha() else re.escape(each) for each in code
    )


def confusable(prefixes: Iterable[str]) -> tuple[str, str] | None:
    """Two different beginnings of codes that one spelling may mean; None where there are none."""
    for one, other in combinations(sorted(set(prefixes)), 2):
        pairs = zip(one, other, strict=False)
        if len(one) == len(other) and all(_spellings(a) & _spellings(b) for a, b in pairs):
            return one, other
    return None


@cache
def _spellings(letter: str) -> frozenset[str]:
    """All that may be typed for a Latin capital or a digit."""
    alike = {*look_alikes(letter), *(each for each, latin in _SOUNDS.items() if latin == letter)}
    return frozenset((letter, *alike)) | {each.lower() for each in (letter, *alike)}
