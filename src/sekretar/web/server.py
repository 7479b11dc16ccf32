"""uvicorn as a guest in our event loop: it neither takes the signals nor ends the process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from sekretar.kernel.errors import ConfigurationError

#: How long requests under way may take when the process is asked to end, in seconds.
LAST_REQUESTS = 5


class _Guest(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address.

    Raises:
        ConfigurationError: the port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} on {host} is taken by another program.",
                "Stop that program, or choose another port in SEKRETAR_LISTEN.",
            ) from None
        raise ConfigurationError(
            f"Sekretar cannot listen on {host}:{port} ({error.strerror}).",
            "Correct SEKRETAR_LISTEN; 0.0.0.0 stands for all addresses of this machine.",
        ) from None
    return bound


async def serve(app: ASGIApp, bound: socket.socket) -> None:
    """Serve until cancelled, then let requests under way finish."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=LAST_REQUESTS,
    )
    server = _Guest(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="web")
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await asyncio.wait([serving])
        bound.close()
