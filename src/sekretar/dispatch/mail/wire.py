"""Addresses as mail servers exchange them."""

from __future__ import annotations

import re

#: Letters of other alphabets only in the domain.
_ADDRESS = re.compile(r"[!-;=?A-Z\[-~]+@[^\s<>@]+")


def wire_address(address: str) -> str:
    """The address with its domain in ASCII (IDNA).

    Raises:
        ValueError: it has no such form.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError("not an address that a mail server understands")
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.encode('idna').decode()}"


def is_wire_address(address: str) -> bool:
    """Whether a letter can go there."""
    try:
        wire_address(address)
    except ValueError:
        return False
    return True
