"""What all settings of a desk have in common, and where their secrets may stand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, model_validator

#: In the context of a validation: the folder from which paths are reckoned.
FOLDER: Final = "folder"


class Part(BaseModel):
    """A part of the settings: a value that does not change, and in which a misspelt name is a mistake.

    A secret may stand elsewhere: `password_file` names a file that holds it and nothing else, `password_env` a
    variable of the environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _fetch_secrets(cls, data: object, info: ValidationInfo) -> object:
        if not isinstance(data, dict):
            return data
        given, folder = dict(data), Path((info.context or {}).get(FOLDER, ""))
        for name, field in cls.model_fields.items():
            if field.annotation is SecretStr:
                _fetch(given, name, folder)
        return given


def _fetch(given: dict[str, Any], name: str, folder: Path) -> None:
    """Put the secret of this name to its place, if it stands elsewhere."""
    ways = [key for key in (name, f"{name}_file", f"{name}_env") if key in given]
    if len(ways) > 1:
        raise ValueError(f"has {' and '.join(ways)}, but one is enough")
    if f"{name}_file" in given:
        given[name] = _from_file(folder / str(given.pop(f"{name}_file")))
    elif f"{name}_env" in given:
        given[name] = _from_environment(str(given.pop(f"{name}_env")))


def _from_file(file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the secret in {file} cannot be read ({error})") from error
    if not secret:
        raise ValueError(f"there is no secret in {file}")
    return secret


def _from_environment(variable: str) -> str:
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise ValueError(f"the environment has no {variable}")
    return secret
