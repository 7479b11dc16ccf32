"""Lists as servers and spreadsheets give them, and their rows as values."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.assets.registry.columns import Columns
from sekretar.dispatch.assets.registry.listing import Listing
from sekretar.dispatch.assets.registry.reading import Unreadable, read_rows
from sekretar.dispatch.assets.registry.report import Remarks
from sekretar.dispatch.assets.registry.rows import (
    Assignment,
    Contractors,
    Poles,
    Stations,
    read_emails,
    read_phones,
)
from sekretar.dispatch.assets.values import Feed
from sekretar.dispatch.settings import FeedSettings
from sekretar.kernel.errors import ConfigurationError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=5
)


@given(
    st.lists(st.dictionaries(st.text(max_size=9), values, max_size=5), max_size=40),
    st.sampled_from([None, 1]),
)
def test_json_is_read_row_by_row(rows: list[dict[str, Any]], indent: int | None) -> None:
    written = json.dumps(rows, ensure_ascii=False, indent=indent).encode("utf-8-sig", "surrogatepass")
    try:
        written.decode()
    except UnicodeDecodeError:
        return
    assert list(read_rows(io.BytesIO(written), "json")) == rows


def test_a_long_list_is_read_in_pieces() -> None:
    rows = [{"Шифр": f"{n}-P-1-1-1", "Адрес": "ул. Мира" * 20} for n in range(10_000, 12_000)]
    assert list(read_rows(io.BytesIO(json.dumps(rows).encode()), "json")) == rows


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "not_a_list"),
        ("<html>Bad gateway</html>", "not_a_list"),
        ('{"error": "no"}', "not_a_list"),
        ("[] []", "not_a_list"),
        ("[1, 2]", "not_a_row"),
        ('[{"a": 1}', "breaks_off"),
        ('[{"a": 1}, {"a": ', "breaks_off"),
        ('[{"a": 1} {"a": 2}]', "breaks_off"),
        ('[{"a": 1},]', "breaks_off"),
        ("[" * 100_000, "breaks_off"),
    ],
)
def test_a_list_that_is_none_or_breaks_off_is_refused_as_a_whole(written: str, key: str) -> None:
    with pytest.raises(Unreadable) as error:
        list(read_rows(io.BytesIO(written.encode()), "json"))
    assert error.value.remark.key == f"dispatch.registry.{key}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_csv_of_any_spreadsheet_is_read(encoding: str, separator: str) -> None:
    lines = [
        ["Шифр", "Адрес"],
        ["41960-P-43-1-1", '"ул. Мира; 5, ""Вышка"""'],
        ["", ""],
        ["47175-P-62-1-1", ""],
    ]
    written = "\r\n".join(separator.join(line) for line in lines).encode(encoding)
    assert list(read_rows(io.BytesIO(written), "csv")) == [
        {"Шифр": "41960-P-43-1-1", "Адрес": 'ул. Мира; 5, "Вышка"'},
        {"Шифр": "47175-P-62-1-1", "Адрес": ""},
    ]


@pytest.mark.parametrize("first", ["sep=;\r\n", '"SEP=;"\n'])
def test_the_separator_may_be_told_above_the_names(first: str) -> None:
    written = f"{first}Код, старый;Регион\r\n41960-P;Тверь\r\n".encode("cp1251")
    assert list(read_rows(io.BytesIO(written), "csv")) == [{"Код, старый": "41960-P", "Регион": "Тверь"}]


@pytest.mark.parametrize(
    ("written", "key"),
    [("a;b\n1;2;3\n", "too_many_cells"), ('a;b\n1;"2\n', "breaks_off"), ('a;b\n"1"2;3\n', "breaks_off")],
)
def test_csv_that_is_damaged_is_refused_as_a_whole(written: str, key: str) -> None:
    with pytest.raises(Unreadable) as error:
        list(read_rows(io.BytesIO(written.encode()), "csv"))
    assert error.value.remark.key == f"dispatch.registry.{key}"


def listing(feed: Feed, rows: list[dict[str, Any]], columns: dict[str, str] | None = None) -> Listing:
    settings = FeedSettings(url="https://example.com/list", columns=columns or {})
    source = io.BytesIO(json.dumps(rows).encode())
    return Listing(source, settings, Columns.of(feed, settings.columns), frozenset({"41960-P-43-1-1"}))


def test_a_list_without_a_column_that_it_must_have_is_refused() -> None:
    reading = listing(Feed.CONTRACTORS, [{"Подрядчик": "Вышка", "Шифр опоры": "41960-P-43-1-1"}])
    assert reading.go_on()
    with pytest.raises(Unreadable) as error:
        reading.listed()
    assert error.value.remark.params == {"columns": "«Контактные данные подрядчика Email»"}


def test_columns_may_be_called_otherwise() -> None:
    reading = listing(
        Feed.POLES, [{" шифр  ОПОРЫ": "41960-P-43-1-1", "SiteId": 17.0}], {"code": "Шифр опоры"}
    )
    assert reading.go_on()
    poles = reading.listed().gathered
    assert isinstance(poles, Poles)
    assert [(each.code, each.site) for each in poles.entries.values()] == [("41960-P-43-1-1", "17")]
    with pytest.raises(ConfigurationError, match="no column called colour"):
        Columns.of(Feed.POLES, {"colour": "Цвет"})


def row(feed: Feed, **given: str) -> dict[str, str]:
    return dict.fromkeys(Columns.of(feed, {}).names, "") | given


def test_what_is_wrong_in_a_pole_is_remarked_on_and_the_rest_taken_over() -> None:
    remarks = Remarks()
    poles = Poles(remarks)
    poles.add(1, row(Feed.POLES, code="41960-P-43-1-1", latitude="55,7558", longitude="37.6173", height="72"))
    poles.add(2, row(Feed.POLES, code="47175-P-62-1-1", latitude="155", longitude="37.6", height="высокая"))
    poles.add(3, row(Feed.POLES, code="№41960_p_43_1_1"))
    poles.add(4, row(Feed.POLES, code="—"))
    first, second = poles.entries.values()
    assert (first.latitude, first.longitude, first.height) == (55.7558, 37.6173, 72)
    assert (second.latitude, second.longitude, second.height) == (None, None, None)
    assert [(each.row, each.remark.key.rpartition(".")[2], each.rejected) for each in remarks.first] == [
        (2, "bad_latitude", False),
        (2, "bad_height", False),
        (3, "twice", True),
        (4, "no_code", True),
    ]
    assert (remarks.total, remarks.rejected) == (4, 2)


def test_the_contract_in_force_decides_who_repairs_a_pole() -> None:
    remarks = Remarks()
    contractors = Contractors(remarks, frozenset({"1-P", "2-P", "3-P"}))
    for number, (name, excluded, pole) in enumerate(
        [
            ("Старая", "да", "1-P"),
            ("Вышка", "нет", "1-P"),
            ("Вышка", "Да", "2-P"),
            ("Маяк", "", "3-P"),
            ("вышка ", "нет", "3-P"),
            ("Маяк", "нет", "4-P"),
        ],
        1,
    ):
        contractors.add(number, row(Feed.CONTRACTORS, name=name, excluded=excluded, pole=pole))
    assert contractors.poles == {
        "1-P": Assignment("вышка", excluded=False),
        "2-P": Assignment("вышка", excluded=True),
        "3-P": Assignment("маяк", excluded=False),
    }
    assert {each.name: each.excluded for each in contractors.entries.values()} == {
        "Старая": True,
        "Вышка": False,
        "Маяк": False,
    }
    assert [(each.row, each.remark.key.rpartition(".")[2]) for each in remarks.first] == [
        (5, "second_contractor"),
        (6, "unknown_pole"),
    ]


def test_the_operators_of_a_station_come_row_by_row() -> None:
    remarks = Remarks()
    stations = Stations(remarks, frozenset({"1-P"}))
    for number, (pole, name, operator, group) in enumerate(
        [("1-P", "KI0075", "Т2", "tele2"), ("1-p", "БС-ki0075", "МТС", ""), ("9-P", "KI0075", "МТС", "mts")],
        1,
    ):
        stations.add(number, row(Feed.STATIONS, pole=pole, name=name, operator=operator, group=group))
    ((key, station),) = stations.entries.items()
    assert (key, station.name, station.operators) == (("1-P", "KI0075"), "KI0075", ("мтс", "т2"))
    assert stations.operators["т2"].group == "tele2"
    assert [(each.row, each.rejected) for each in remarks.first] == [(3, True)]


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        # The predecessor made +77912… of the first, which was too long for its column and lost.
        ("+7 (912) 345-67-89", ["+79123456789"]),
        ("89123456789; 9123456789", ["+79123456789"]),
        ("+79123456789 +79123456780", ["+79123456789", "+79123456780"]),
        ("8 912 345 67 89 8 912 345 67 80", ["+79123456789", "+79123456780"]),
        ("8(495)123-45-67 доб. 12, 23-29-95", ["+74951234567,12", "23-29-95"]),
        ("+375 29 123-45-67", ["+375291234567"]),
        ("нет", []),
        ("", []),
    ],
)
def test_phones(written: str, phones: list[str]) -> None:
    assert read_phones(written) == phones


@given(st.text("+78() -;,доб0123456789", max_size=40))
def test_no_phone_is_made_of_digits_that_are_not_there(written: str) -> None:
    digits = "".join(filter(str.isdecimal, written))
    for phone in read_phones(written):
        number, _, _ = phone.partition(",")
        own = "".join(filter(str.isdecimal, number))
        assert own in digits or (own.startswith("7") and own[1:] in digits)
        assert len(own) <= len(digits) + 1


def test_addresses() -> None:
    assert read_emails("A@x.ru;b@x.ru, <c@x.ru> a@x.ru нет d@x") == (["a@x.ru", "b@x.ru", "c@x.ru"], ["d@x"])
