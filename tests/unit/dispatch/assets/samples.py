"""Codes of poles and stations, and the ways in which people write them."""

from __future__ import annotations

from hypothesis import strategies as st

#: From letters and tickets of the predecessor.
POLES = ("41960-P-43-1-1", "47175-P-62-1-1", "59475-30-61-4-2")
STATIONS = ("KI0075", "RZ0516", "ST2360", "53-11318", "30-175", "23-2995")

_CYRILLIC = str.maketrans("ABEKMHOPCTYXabekmhopctyx", "АВЕКМНОРСТУХавекмнорстух")


def poles() -> st.SearchStrategy[str]:
    """Codes such as `41960-P-43-1-1`."""
    return st.from_regex(r"[1-9][0-9]{4}-(?:P|[1-9][0-9])-[1-9][0-9]-[1-9]-[1-9]", fullmatch=True)


def stations() -> st.SearchStrategy[str]:
    """Names such as `KI0075` and `53-11318`."""
    return st.from_regex(r"[A-Z]{2}[0-9]{4}|[1-9][0-9]-[1-9][0-9]{2,4}", fullmatch=True)


def codes() -> st.SearchStrategy[str]:
    return poles() | stations()


@st.composite
def spelled(draw: st.DrawFn, code: str) -> str:
    """The code as somebody may write it: small letters, a Russian keyboard, other dashes, brackets, `БС-`."""
    letters = [
        draw(st.sampled_from([c, c.lower(), c.translate(_CYRILLIC), c.lower().translate(_CYRILLIC)]))
        for c in code
    ]
    dash = draw(st.sampled_from(["-", "_", "–", "—", "‑", "−", "­-"]))
    written = "".join(letters).replace("-", dash)
    before, after = draw(
        st.sampled_from(
            [("", ""), ("№", ""), ("(", ")"), ("[", "]"), ("«", "»"), ("<", ">"), ('"', '",'), ("", ".")]
        )
    )
    mark = draw(st.sampled_from(["", "", "БС-", "бс-", "BS-", "БС№"]))
    return f"{before}{mark}{written}{after}"
