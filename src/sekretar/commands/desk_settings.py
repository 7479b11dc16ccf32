"""The settings of the file of the desks, as the documentation lists them: made from the classes that read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sekretar.commands.settings import Setting, table_of
from sekretar.dispatch.settings import DeskSettings

#: Longer defaults are told in words.
_LONGEST = 60


def all_desk_settings() -> Iterator[Setting]:
    """Every setting of a desk, as `part.name`, in the order of the classes."""
    yield from _of(DeskSettings, "")


def desk_markdown() -> str:
    """The table for the pages."""
    return table_of(all_desk_settings())


def _of(model: type[BaseModel], place: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        part = _part(field.annotation)
        if part is None:
            elsewhere = f" Or `{name}_file`, `{name}_env`." if field.annotation is SecretStr else ""
            yield Setting(f"{place}{name}", _default(field), f"{field.description or ''}{elsewhere}")
        else:
            yield from _of(part, f"{place}{name}.")


def _part(annotation: object) -> type[BaseModel] | None:
    """The class of a part of its own, also where there may be none or several of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _part(each)) is not None), None)


def _default(field: FieldInfo) -> str:
    """The default as one would write it; empty where there is none, or nothing."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value in (None, "", (), {}):
        return ""
    written = json.dumps(_plain(value), ensure_ascii=False)
    return written if len(written) <= _LONGEST else "…"


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(each) for key, each in value.items()}
    return value
