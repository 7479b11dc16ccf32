"""Ports for what listens beside Sekretar."""

from __future__ import annotations

import socket

from sekretar.kernel.errors import ConfigurationError


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def must_be_free(port: int, option: str) -> None:
    """Make sure that a chosen port can be used; 0 always can.

    Raises:
        ConfigurationError: another program has it; the text names the option that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError(
                f"Port {port} is taken by another program.",
                f"End that program, or choose another port: make demo ARGS='{option} {port + 1}'.",
            ) from None
