"""Several assignments in one text, as people write them in a chat.

    1. Заказать пропуска @boris до пятницы
    2. Обновить Python до 3.12 @vera.k 09.05 #site !high

A line says what, and in a *group* of words beside it who, until when, where and how urgently. What counts is the
last group that names somebody; everything outside of the groups stays in the text to the letter, so dates, versions
and numbers of the subject survive. Whatever is understood is shown before anything is created, so the rules prefer
the reading that a person would expect over a strict syntax. All of it is pure: the present day is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sekretar.tickets.batches.words import Kind, Word, read_words


@dataclass(frozen=True)
class Assignment:
    """One assignment, as it was understood.

    Attributes:
        row: Its number in the text, from 1.
        subject: The first line of the text, without what was understood.
        description: The lines that follow it.
        people: Names without `@`, in order, each once. The first is meant to do it.
        due: The last day.
        project: What stood behind `#`, as written.
        priority: What stood behind `!`, as written, or the marks alone (`!!`).
        no_such_day: A date that does not exist, as written (`30.02.2027`).
    """

    row: int
    subject: str
    description: str = ""
    people: tuple[str, ...] = ()
    due: date | None = None
    project: str | None = None
    priority: str | None = None
    no_such_day: str | None = None


@dataclass(frozen=True)
class Reading:
    """A whole text: its assignments, and headings that are none (`Итоги:`)."""

    assignments: tuple[Assignment, ...]
    headings: tuple[str, ...] = ()


def read(text: str, today: date) -> Reading:
    """Understand a text of assignments.

    Args:
        text: What a person wrote.
        today: The day at the person's place.
    """
    headings: list[str] = []
    blocks: list[str] = []
    for block in _blocks(text, headings):
        if blocks and not block.is_marked and not _read_block(0, block.text, today).subject:
            blocks[-1] += f"\n{block.text}"
        else:
            blocks.append(block.text)
    read_blocks = (_read_block(row, block, today) for row, block in enumerate(blocks, 1))
    return Reading(tuple(read_blocks), tuple(headings))


# --- lines ------------------------------------------------------------------------------------------------

#: `1. `, `2) `, `- `, `* `, `• `, `- [ ] `. A date or a version (`9.5 …`, `1.2 …`) is no number of a line.
_MARKER = re.compile(r" {0,8}(?:\d{1,3}(?:\)|\.(?!\d))|[-*•–—](?= |$)) *(?:\[[ xX]?\] +)?", re.ASCII)

#: The number of the next assignment, when somebody wrote several in one line.
_INLINE_NUMBER = re.compile(r"(?<=\s)(\d{1,3})(?:\)|\.)\s", re.ASCII)


@dataclass(frozen=True)
class _Block:
    """The lines of one assignment; marked with a number or a bullet or not."""

    text: str
    is_marked: bool


def _blocks(text: str, headings: list[str]) -> Iterator[_Block]:
    """The text of each assignment. With numbers or bullets, lines without one continue the line before; else
    every line is one, and indented lines continue it."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\t", "    ").split("\n")]
    has_markers = any(_MARKER.match(line) for line in lines)
    block: list[str] = []
    is_marked = False
    for line in filter(None, lines):
        marker = _MARKER.match(line)
        if not marker and (not block or not is_marked) and has_markers and line.endswith(":"):
            headings.append(line.strip())
            continue
        if block and (marker or not (is_marked or line.startswith("  "))):
            yield from _inline(block, is_marked)
            block = []
        if not block:
            is_marked = marker is not None
        block.append(line[marker.end() :] if marker else line.strip())
    yield from _inline(block, is_marked)


def _inline(lines: Sequence[str], is_marked: bool) -> Iterator[_Block]:
    """Split `a @bob 01.01.2030 2. c @ann`: at a number that follows somebody or a day."""
    text, begin = "\n".join(lines), 0
    for number in _INLINE_NUMBER.finditer(text):
        before = text[begin : number.start()].rstrip()
        if _ENDS_WITH_GROUP.search(before):
            yield _Block(before, is_marked)
            begin, is_marked = number.end(), True
    if text[begin:].strip():
        yield _Block(text[begin:], is_marked)


#: Somebody or a full date at the very end.
_ENDS_WITH_GROUP = re.compile(
    r"(?:(?<!\S)@\S+|(?<!\S)\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})|\d{4}-\d\d-\d\d)[,;.]?$"
)


# --- one assignment ---------------------------------------------------------------------------------------


@dataclass
class _Group:
    """A run of words that say something about the assignment; `words[begin:end]` of the block."""

    begin: int
    end: int
    words: list[Word] = field(default_factory=list)

    def has(self, kind: Kind) -> bool:
        return any(word.kind is kind for word in self.words)


def _read_block(row: int, block: str, today: date) -> Assignment:
    words = read_words(block, today)
    groups = list(_groups(words))
    spoken = _spoken(groups, words)
    said = [word for group in spoken for word in group.words]
    due = _last(said, Kind.DATE) or _deadline_inside(groups, spoken)
    removed = [group for group in spoken if not _is_inside(group, words) or len(group.words) > 1]
    cut = {index for group in removed for index in range(group.begin, group.end)}
    if due is not None and due not in said:
        cut.add(words.index(due))
    subject, _, description = _rest(words, cut).partition("\n")
    return Assignment(
        row=row,
        subject=subject.strip().rstrip(",;—–").strip(),
        description=description.strip(),
        people=tuple(dict.fromkeys(word.value for word in said if word.kind is Kind.PERSON)),
        due=due.day if due else None,
        project=_value(said, Kind.PROJECT),
        priority=_value(said, Kind.PRIORITY),
        no_such_day=due.text.strip() if due and due.day is None else None,
    )


def _groups(words: Sequence[Word]) -> Iterator[_Group]:
    """Runs of words with a meaning; joining words (`и`, `,`) belong to a run only between two of them."""
    index = 0
    while index < len(words):
        if words[index].kind is Kind.TEXT or words[index].kind is Kind.JOIN:
            index += 1
            continue
        end = last = index
        while end < len(words) and words[end].kind is not Kind.TEXT:
            end += 1
            if words[end - 1].kind is not Kind.JOIN:
                last = end
        yield from _without_weak(words, index, last)
        index = last


def _without_weak(words: Sequence[Word], begin: int, end: int) -> Iterator[_Group]:
    """A run in which nobody is named does not count words that may as well be part of the text (`9.5`, `среда`)."""
    run = words[begin:end]
    certain = any(word.kind is Kind.PERSON for word in run)
    counting = [word for word in run if word.kind is not Kind.JOIN and (certain or not word.is_weak)]
    if len(counting) == sum(word.kind is not Kind.JOIN for word in run):
        yield _Group(begin, end, counting)
        return
    for index in range(begin, end):
        if words[index] in counting:
            yield _Group(index, index + 1, [words[index]])


def _spoken(groups: Sequence[_Group], words: Sequence[Word]) -> list[_Group]:
    """The groups that say something about the assignment: at the ends of its first line, alone in a line, or else
    at the end of all; and when none of them names anybody, the last that does."""
    spoken = [group for group in groups if _is_at_edge(group, words)]
    for group in reversed(groups):
        if group in spoken:
            continue
        is_last = group.end == len(words)
        brings_day = is_last and group.has(Kind.DATE) and not any(each.has(Kind.DATE) for each in spoken)
        brings_person = group.has(Kind.PERSON) and not any(each.has(Kind.PERSON) for each in spoken)
        if brings_person or (brings_day and not group.has(Kind.PERSON)):
            spoken.append(group)
    return sorted(spoken, key=lambda group: group.begin)


def _is_at_edge(group: _Group, words: Sequence[Word]) -> bool:
    begins, ends = _begins_line(words, group.begin), _begins_line(words, group.end)
    in_first_line = not any("\n" in word.space for word in words[1 : group.begin + 1])
    return (begins and ends) or group.begin == 0 or (ends and in_first_line)


def _is_inside(group: _Group, words: Sequence[Word]) -> bool:
    return group.begin > 0 and not _begins_line(words, group.end)


def _begins_line(words: Sequence[Word], index: int) -> bool:
    return index in (0, len(words)) or "\n" in words[index].space


def _deadline_inside(groups: Sequence[_Group], spoken: Sequence[_Group]) -> Word | None:
    """`Подготовить до пятницы отчёт @bob`: a day inside of the text counts when it is said to be the last one."""
    inside = [word for group in groups if group not in spoken for word in group.words]
    return next((word for word in reversed(inside) if word.kind is Kind.DATE and word.is_deadline), None)


def _last(said: Sequence[Word], kind: Kind) -> Word | None:
    return next((word for word in reversed(said) if word.kind is kind), None)


def _value(said: Sequence[Word], kind: Kind) -> str | None:
    word = _last(said, kind)
    return word.value if word else None


def _rest(words: Sequence[Word], cut: set[int]) -> str:
    """What remains, with the spaces and lines that stood before each word."""
    return "".join(
        word.space + word.text if index not in cut else "\n" * ("\n" in word.space)
        for index, word in enumerate(words)
    ).strip()
