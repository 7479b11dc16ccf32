"""Putting settings into a file of `NAME=value` lines without disturbing the rest of it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sekretar.kernel.errors import ConfigurationError

_ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def updated(text: str, values: Mapping[str, str]) -> str:
    """The text with these values: lines that set a name are replaced where they stand, the rest is appended."""
    left = dict(values)
    lines = []
    for line in text.splitlines():
        found = _ASSIGNED.match(line)
        name = found[1] if found else ""
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={left.pop(name)}")
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"


def write(path: Path, values: Mapping[str, str]) -> None:
    """Update the file at one stroke. A new one is for its owner only; an old one keeps its owner, its group and
    what the group may do, but nobody else may read it any more.

    Raises:
        ConfigurationError: it cannot be read or written.
    """
    try:
        _write(path, values)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The settings file {path} cannot be written ({error}).",
            "Name another file by --write, or run setup as a user who may write it.",
        ) from error


def _write(path: Path, values: Mapping[str, str]) -> None:
    path = path.resolve()
    before = path.stat() if path.exists() else None
    text = path.read_text(encoding="utf-8") if before else ""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            # The temporary file is the owner's alone from its first byte on.
            file.write(updated(text, values))
            file.flush()
            if before is not None:
                # Only root may give files away; whoever may not is the owner already.
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o660)
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
