"""A list as CSV, for people who open it in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from sekretar.dispatch.api.schema import IncidentOut

#: Without it spreadsheets on Windows read the letters as those of another alphabet.
_MARK: Final = "\ufeff"
#: A text that begins so would be a formula there; the texts come from strangers.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(incidents: Iterable[IncidentOut]) -> str:
    """The list with a line of names; what is not known is empty, yes and no are `true` and `false`."""
    names = list(IncidentOut.model_fields)
    file = io.StringIO()
    file.write(_MARK)
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([_cell(getattr(each, name)) for name in names] for each in incidents)
    return file.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
