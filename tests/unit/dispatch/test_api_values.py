"""What the API reckons without a database: words, limits, tables."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

from sekretar.dispatch.api import words
from sekretar.dispatch.api.limits import Allowance, Limiter
from sekretar.dispatch.api.schema import IncidentOut
from sekretar.dispatch.api.tables import as_csv
from sekretar.dispatch.incidents.values import Origin, Status

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_every_status_and_origin_has_the_word_of_the_predecessor() -> None:
    assert list(words.STATUS) == list(Status)
    assert {each: words.registration_method(each) for each in Origin} == {
        Origin.LETTER: "Автоматически из почты",
        Origin.CHAT: "Вручную через диспетчера",
        Origin.PAGE: "Вручную через диспетчера",
        Origin.API: "Вручную через диспетчера",
        Origin.TRACKER: "Вручную через диспетчера",
    }


def test_a_bucket_fills_again_evenly_and_each_caller_has_their_own() -> None:
    limiter, two = Limiter(), Allowance(2)
    assert [limiter.take("a", two, NOW) for _ in range(3)] == [None, None, timedelta(seconds=30)]
    assert limiter.take("b", two, NOW) is None
    assert limiter.take("a", two, NOW + timedelta(seconds=20)) == timedelta(seconds=10)
    assert limiter.take("a", two, NOW + timedelta(seconds=31)) is None
    assert limiter.take("a", two, NOW) is not None, "a clock that went back gives nothing"


def test_what_strangers_wrote_is_no_formula_in_a_spreadsheet() -> None:
    known = dict.fromkeys(IncidentOut.model_fields, None)
    said = IncidentOut.model_validate(
        known
        | {
            "id": 1, "code": "NT-1", "incident_datetime": "2026-03-04T12:00:00+03:00", "last_status": "Новый",
            "is_incident_finish": True, "is_transfer_to_avr": False, "registration_method": "x",
            "pole": "=HYPERLINK(1)", "address": "дом 5, \"корпус\"\n2", "pole_latitude": -33.5,
        }
    )  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(as_csv([said]).removeprefix("\ufeff"), newline=""))
    assert row["pole"] == "'=HYPERLINK(1)"
    assert row["address"] == 'дом 5, "корпус"\n2'
    assert (row["pole_latitude"], row["is_incident_finish"], row["vendor"]) == ("-33.5", "true", "")
