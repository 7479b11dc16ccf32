"""GET /api/v4/websocket: login by header or challenge, resuming, the client's requests, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from sekretar.sandbox.mattermost import presence
from sekretar.sandbox.mattermost.call import Call, Route
from sekretar.sandbox.mattermost.errors import Refused
from sekretar.sandbox.mattermost.hub import Connection, Event
from sekretar.sandbox.mattermost.identifiers import is_id
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Json

_CHALLENGE = "authentication_challenge"


async def serve(call: Call) -> web.StreamResponse:
    """One socket from handshake to end."""
    site = call.site
    socket = web.WebSocketResponse(
        heartbeat=site.limits.socket_ping_seconds, max_msg_size=site.limits.socket_frame_bytes, compress=False
    )
    await socket.prepare(call.request)
    connection = _connection(call) if call.session is not None else await _challenge(call, socket)
    if connection is None:
        if call.request.transport is not None:
            call.request.transport.abort()
        return socket
    connection.attach(socket, call.request.transport)
    presence.touch(site, connection.user_id)
    pump = asyncio.create_task(connection.pump(socket))
    try:
        await _listen(site, connection, socket)
    finally:
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await pump
        if connection.socket is socket:
            site.hub.leave(connection)
            presence.left(site, connection.user_id)
            site.save()
    return socket


def _connection(call: Call) -> Connection | None:
    """New or resumed, as the query asks; None for a query that the server does not accept."""
    session = call.session
    assert session is not None
    wanted = call.query("connection_id")
    if not wanted:
        return call.site.hub.open(session.user_id, session.token)
    if not is_id(wanted):
        return None
    found = call.site.hub.find_left(wanted, session.user_id)
    if found is None:
        return call.site.hub.open(session.user_id, session.token)
    sequence = call.query("sequence_number")
    if not sequence.isdigit():
        return None
    call.site.hub.resume(found, session.token, int(sequence))
    return found


async def _challenge(call: Call, socket: web.WebSocketResponse) -> Connection | None:
    """Wait for the login of a client without a header. Resuming is not possible this way."""
    site = call.site
    try:
        async with asyncio.timeout(site.limits.socket_login_seconds):
            while True:
                request = _parse(await socket.receive())
                if request is None:
                    return None
                if request.get("action") == _CHALLENGE:
                    break
                error = "api.web_socket_router.not_authenticated.app_error"
                await socket.send_str(json.dumps(_failure(request.get("seq", 0), Refused(error, 401))))
    except TimeoutError:
        return None
    data = request.get("data")
    token = data.get("token") if isinstance(data, dict) else None
    session = site.session(token) if isinstance(token, str) else None
    if session is None:
        return None
    connection = site.hub.open(session.user_id, session.token)
    connection.reply({"status": "OK", "seq_reply": request.get("seq", 0)})
    return connection


def _parse(message: Any) -> Json | None:
    """The client's request; None for anything that ends the connection."""
    if message.type is not WSMsgType.TEXT:
        return None
    try:
        request = json.loads(message.data)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None


async def _listen(site: Site, connection: Connection, socket: web.WebSocketResponse) -> None:
    while (request := _parse(await socket.receive())) is not None:
        seq = request.get("seq", 0)
        try:
            data = _handle(site, connection, request)
        except Refused as error:
            connection.reply(_failure(seq, error))
        else:
            reply: Json = {"status": "OK", "seq_reply": seq}
            if data is not None:
                reply["data"] = data
            connection.reply(reply)
        site.save()


def _failure(seq: object, error: Refused) -> Json:
    body = error.body("", with_detail=False)
    del body["request_id"]
    return {"status": "FAIL", **({"seq_reply": seq} if seq else {}), "error": body}


def _handle(site: Site, connection: Connection, request: Json) -> Json | None:
    action, seq = request.get("action"), request.get("seq")
    if not action:
        raise Refused("api.web_socket_router.no_action.app_error", 400)
    if not isinstance(seq, int) or seq <= 0:
        raise Refused("api.web_socket_router.bad_seq.app_error", 400)
    if site.session(connection.token) is None:
        if site.hub.sends_to_revoked:
            raise Refused("api.context.invalid_token.error", 401)
        raise Refused("api.web_socket_router.not_authenticated.app_error", 401)
    data = request.get("data")
    data = data if isinstance(data, dict) else {}
    if action == "ping":
        return {"text": "pong", "version": site.version, "server_time": site.now(), "node_id": ""}
    if action == "user_typing":
        _typing(site, connection, data)
        return None
    if action == "get_statuses":
        return {status.user_id: status.status for status in site.world.statuses}
    if action == "get_statuses_by_ids":
        return _statuses(site, data)
    if action in ("user_update_active_status", "presence"):
        return None
    raise Refused("api.web_socket_router.bad_action.app_error", 500)


def _typing(site: Site, connection: Connection, data: Json) -> None:
    channel_id = data.get("channel_id")
    if not is_id(channel_id):
        raise Refused("api.websocket_handler.invalid_param.app_error", 400, name="channel_id")
    user = site.world.users.get(connection.user_id)
    if user is None or not site.permissions.in_channel(user, str(channel_id), "create_post"):
        return
    told = {"parent_id": str(data.get("parent_id", "")), "user_id": user.id}
    site.hub.publish(Event("typing", told, channel_id=str(channel_id), omit_users=(user.id,)))


def _statuses(site: Site, data: Json) -> Json:
    user_ids = data.get("user_ids")
    if not isinstance(user_ids, list):
        raise Refused("api.websocket_handler.invalid_param.app_error", 400, name="user_ids")
    return {str(user_id): presence.status_of(site, str(user_id)).status for user_id in user_ids}


ROUTES = (Route("GET", "/api/v4/websocket", serve, open=True),)
