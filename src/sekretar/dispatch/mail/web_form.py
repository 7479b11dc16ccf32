"""The request form of the web site: a letter from the site, in whose text the answers stand as one JSON object.

The applicant is whoever left an address for the answer, not the site; others may have asked to be kept informed.
The letter is read as the service before this one read it: the first object in the text of a first letter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.mail.fields import read_addresses
from sekretar.dispatch.mail.letter import Address, WebForm
from sekretar.dispatch.mail.remarks import Remarks

APPLICANT: Final = "E-mail для обратной связи"
OBSERVER: Final = "E-mail наблюдателя по заявке"

#: Text before the object that is not part of it, at most this many attempts to find its beginning.
_MOST_ATTEMPTS: Final = 20
_DEEPEST: Final = 50


@dataclass(frozen=True)
class FormLetter:
    """A form, and the letter's text with a line for each question that was answered in place of the JSON."""

    form: WebForm
    text: str


def read_web_form(text: str) -> FormLetter | None:
    """The form in a letter's text; None if it holds none."""
    if APPLICANT not in text and OBSERVER not in text:
        return None
    answers, start, end = _first_object(text)
    if not any(key.strip().startswith((APPLICANT, OBSERVER)) for key in answers):
        return None
    applicant = next(iter(_addresses(answers, APPLICANT)), None)
    observers = {address.key: address for address in _addresses(answers, OBSERVER)}
    form = WebForm(
        applicant,
        tuple(observers.values()),
        tuple((key.strip(), _readable(value)) for key, value in answers.items()),
    )
    lines = "\n".join(f"{question}: {answer}" for question, answer in form.fields if answer)
    around = (text[:start].strip(), lines, text[end:].strip())
    return FormLetter(form, "\n\n".join(words for words in around if words))


def _first_object(text: str) -> tuple[dict[str, object], int, int]:
    """The first JSON object of a text and where it stands; an empty one if there is none."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    for _ in range(_MOST_ATTEMPTS):
        if at < 0:
            break
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
        else:
            return found, at, end
    return {}, 0, 0


def _addresses(answers: dict[str, object], key: str) -> list[Address]:
    written = (_readable(value) for question, value in answers.items() if question.strip().startswith(key))
    return [address for text in written for address in read_addresses(text, Remarks())]


def _readable(value: object, depth: int = 0) -> str:
    if value is None or depth > _DEEPEST:
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_readable(one, depth + 1)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_readable(one, depth + 1) for one in value)
    return str(value).strip()
