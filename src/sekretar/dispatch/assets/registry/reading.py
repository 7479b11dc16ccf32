"""A list as it came, as rows: JSON or CSV, one row at a time, so that a large list needs little memory.

CSV is written by spreadsheets: with semicolons, commas or tabs, in UTF-8 or in the Windows encoding. A list that
breaks off in the middle is not a shorter list but none.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Literal, TextIO

from sekretar.dispatch.assets.registry.report import Remark
from sekretar.kernel.errors import SekretarError

Row = Mapping[str, object]

_CHUNK = 64 * 1024
#: No row is longer, in characters; what is has no end.
_LONGEST_ROW = 1024 * 1024
_SEPARATORS = ";\t,|"
#: Excel writes it above the names, and some programs for Excel do.
_TOLD_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class Unreadable(SekretarError):
    """A list that cannot be taken over, whatever its rows say."""

    def __init__(self, key: str, **params: str | int) -> None:
        super().__init__(key)
        self.remark = Remark(key, params)


def read_rows(source: IO[bytes], form: Literal["json", "csv"]) -> Iterator[Row]:
    """The rows of a list. The source is read from its beginning, and closed by whoever opened it.

    Raises:
        Unreadable: while reading; the list is not what it should be, or it breaks off.
    """
    encoding = _encoding(source)
    source.seek(0)
    text = io.TextIOWrapper(source, encoding, newline="")
    try:
        yield from _json_rows(text) if form == "json" else _csv_rows(text)
    finally:
        # Otherwise the source would be closed together with the wrapper.
        text.detach()


def _encoding(source: IO[bytes]) -> str:
    """UTF-8 (with or without its mark) or UTF-16 when it is that, else the Russian Windows encoding."""
    source.seek(0)
    if source.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := source.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8-sig"


# --- JSON -------------------------------------------------------------------------------------------------

_BETWEEN = " \t\r\n"


def _json_rows(text: TextIO) -> Iterator[Row]:
    pieces = _Pieces(text)
    if pieces.next_character() != "[":
        raise Unreadable("dispatch.registry.not_a_list")
    pieces.skip(1)
    count = 0
    while (following := pieces.next_character()) != "]":
        if count:
            if following != ",":
                raise Unreadable("dispatch.registry.breaks_off", row=count)
            pieces.skip(1)
        count += 1
        value = pieces.value(count)
        if not isinstance(value, dict):
            raise Unreadable("dispatch.registry.not_a_row", row=count)
        yield value
    pieces.skip(1)
    if pieces.next_character():
        raise Unreadable("dispatch.registry.not_a_list")


class _Pieces:
    """JSON that is decoded value by value, with no more of it in memory than a value needs."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def next_character(self) -> str:
        """The next one that is not blank; empty at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _BETWEEN:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def skip(self, characters: int) -> None:
        self._at += characters

    def value(self, number: int) -> object:
        """The next value."""
        self.next_character()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError):
                found, end = None, -1
            # A number may go on in what is not read yet; what is followed by something has ended.
            if 0 <= end < len(self._buffer):
                self._at = end
                return found
            if len(self._buffer) - self._at > _LONGEST_ROW or not self._more():
                raise Unreadable("dispatch.registry.breaks_off", row=number)

    def _more(self) -> bool:
        chunk = self._text.read(_CHUNK)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)


# --- CSV --------------------------------------------------------------------------------------------------


def _csv_rows(text: TextIO) -> Iterator[Row]:
    head = text.readline(_LONGEST_ROW)
    if told := _TOLD_SEPARATOR.fullmatch(head):
        head = text.readline(_LONGEST_ROW)
    if not head.strip():
        return
    separator = told[1] if told else max(_SEPARATORS, key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=separator))]
    count = 0
    try:
        for cells in csv.reader(text, delimiter=separator, strict=True):
            if not any(cells):
                continue
            count += 1
            if len(cells) > len(names) and any(cells[len(names) :]):
                raise Unreadable("dispatch.registry.too_many_cells", row=count)
            yield dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise Unreadable("dispatch.registry.breaks_off", row=count + 1) from error
