"""The calls of setting up: commands, bots, tokens, roles, OAuth 2.

Most of them need an administrator's token, which `sekretar setup` is given once and never stores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sekretar.mattermost.errors import MattermostDown, MattermostNotFound, MattermostUnsupported
from sekretar.mattermost.models import (
    AccessToken,
    Bot,
    Command,
    CommandAnswer,
    OAuthApp,
    OAuthServer,
    OAuthToken,
    Role,
    ServerConfig,
    Team,
)
from sekretar.mattermost.transport import Transport, path, shaped

_PAGE = 200


class Administration(Transport):
    """What is done once for an installation, and what OAuth 2 needs."""

    # Slash commands

    async def commands(self, team_id: str) -> list[Command]:
        """GET /commands?team_id=&custom_only=true. Tokens are told to those who may manage the command."""
        query = {"team_id": team_id, "custom_only": "true"}
        return await self._get_list("/commands", Command, query)

    async def create_command(self, team_id: str, trigger: str, url: str, **fields: Any) -> Command:
        """POST /commands. `fields`: auto_complete, auto_complete_desc, auto_complete_hint, display_name, …"""
        body = {"team_id": team_id, "trigger": trigger, "url": url, "method": "P"} | fields
        return await self._send("POST", "/commands", Command, body)

    async def update_command(self, command: Command, **fields: Any) -> Command:
        """PUT /commands/{command_id}: the command with some fields changed."""
        body = command.model_dump(mode="json", exclude={"delete_at"}) | fields
        return await self._send("PUT", path("commands", command.id), Command, body)

    async def delete_command(self, command_id: str) -> None:
        """DELETE /commands/{command_id}."""
        await self._do("DELETE", path("commands", command_id))

    async def offered_commands(self, team_id: str) -> list[Command]:
        """GET /teams/{team_id}/commands/autocomplete: what a member is offered, built-in commands among
        them. Without addresses and tokens.
        """
        return await self._get_list(path("teams", team_id, "commands", "autocomplete"), Command)

    async def execute_command(self, channel_id: str, team_id: str, line: str) -> CommandAnswer:
        """POST /commands/execute. MattermostDown when the integration did not answer with 200."""
        body = {"channel_id": channel_id, "team_id": team_id, "command": line}
        return await self._send("POST", "/commands/execute", CommandAnswer, body)

    async def press(self, post_id: str, action_id: str) -> None:
        """POST /posts/{post_id}/actions/{action_id}. MattermostInvalid (MattermostDown on newer servers) when
        the integration did not answer with 200.
        """
        await self._do("POST", path("posts", post_id, "actions", action_id), {})

    # Bots, tokens, roles

    async def create_bot(self, username: str, display_name: str, description: str) -> Bot:
        """POST /bots. MattermostForbidden for bots and where creating bots is switched off."""
        body = {"username": username, "display_name": display_name, "description": description}
        return await self._send("POST", "/bots", Bot, body)

    async def bots(self, *, include_deleted: bool = True) -> list[Bot]:
        """GET /bots, all pages."""
        found: list[Bot] = []
        while True:
            query: dict[str, str | int] = {
                "page": len(found) // _PAGE,
                "per_page": _PAGE,
                "include_deleted": str(include_deleted).lower(),
            }
            page = await self._get_list("/bots", Bot, query)
            found += page
            if len(page) < _PAGE:
                return found

    async def bot(self, user_id: str) -> Bot:
        """GET /bots/{bot_user_id}?include_deleted=true."""
        return await self._get(path("bots", user_id), Bot, {"include_deleted": "true"})

    async def enable_bot(self, user_id: str) -> Bot:
        """POST /bots/{bot_user_id}/enable."""
        return await self._send("POST", path("bots", user_id, "enable"), Bot, None)

    async def create_token(self, user_id: str, description: str) -> AccessToken:
        """POST /users/{user_id}/tokens. The only answer that tells the token."""
        return await self._send(
            "POST", path("users", user_id, "tokens"), AccessToken, {"description": description}
        )

    async def revoke_token(self, token_id: str) -> None:
        """POST /users/tokens/revoke."""
        await self._do("POST", "/users/tokens/revoke", {"token_id": token_id})

    async def role(self, name: str) -> Role:
        """GET /roles/name/{role_name}."""
        return await self._get(path("roles", "name", name), Role)

    async def roles(self, names: Sequence[str]) -> list[Role]:
        """POST /roles/names. Anybody may read roles."""
        return await self._ask_list("/roles/names", Role, list(names)) if names else []

    async def patch_role(self, role_id: str, permissions: Sequence[str]) -> Role:
        """PUT /roles/{role_id}/patch. MattermostUnsupported where the licence does not allow the
        permission.
        """
        return await self._send(
            "PUT", path("roles", role_id, "patch"), Role, {"permissions": list(permissions)}
        )

    async def set_system_roles(self, user_id: str, roles: Sequence[str]) -> None:
        """PUT /users/{user_id}/roles."""
        await self._do("PUT", path("users", user_id, "roles"), {"roles": " ".join(roles)})

    async def teams_of(self, user_id: str) -> list[Team]:
        """GET /users/{user_id}/teams."""
        return await self._get_list(path("users", user_id, "teams"), Team)

    # The server's configuration

    async def server_config(self) -> ServerConfig:
        """GET /config. For administrators."""
        return await self._get("/config", ServerConfig)

    async def allow_internal_connections(self, allowed: str) -> None:
        """PUT /config/patch: which addresses inside the network integrations may have, with spaces."""
        settings = {"AllowedUntrustedInternalConnections": allowed}
        await self._do("PUT", "/config/patch", {"ServiceSettings": settings})

    # OAuth 2

    async def oauth_apps(self) -> list[OAuthApp]:
        """GET /oauth/apps, the first 200."""
        return await self._get_list("/oauth/apps", OAuthApp, {"page": 0, "per_page": _PAGE})

    async def oauth_app_info(self, app_id: str) -> OAuthApp:
        """GET /oauth/apps/{app_id}/info: what anybody may know of an application."""
        return await self._get(path("oauth", "apps", app_id, "info"), OAuthApp)

    async def update_oauth_app(self, app: OAuthApp, **fields: Any) -> OAuthApp:
        """PUT /oauth/apps/{app_id}: the application with some fields changed; its secret stays."""
        body = app.model_dump(mode="json", exclude={"client_secret"}) | fields
        return await self._send("PUT", path("oauth", "apps", app.id), OAuthApp, body)

    async def create_oauth_app(
        self,
        name: str,
        description: str,
        homepage: str,
        callback_urls: Sequence[str],
        *,
        trusted: bool = False,
    ) -> OAuthApp:
        """POST /oauth/apps. A trusted app does not ask people for permission."""
        body = {
            "name": name,
            "description": description,
            "homepage": homepage,
            "callback_urls": list(callback_urls),
            "is_trusted": trusted,
        }
        return await self._send("POST", "/oauth/apps", OAuthApp, body)

    async def oauth_server(self) -> OAuthServer | None:
        """GET /.well-known/oauth-authorization-server (RFC 8414); None on servers that do not know it.

        Old servers answer any unknown address with the page of their web application.
        """
        try:
            answer = await self._json_once("GET", "/.well-known/oauth-authorization-server", None, None)
        except (MattermostNotFound, MattermostUnsupported):
            return None
        except MattermostDown as down:
            if 200 <= down.status < 300 or down.status == 404:
                return None
            raise
        return shaped(answer, OAuthServer)

    async def exchange_code(
        self, client_id: str, client_secret: str, redirect_uri: str, code: str, verifier: str | None
    ) -> OAuthToken:
        """POST /oauth/access_token, grant authorization_code (RFC 6749, 4.1.3; verifier: RFC 7636, 4.5)."""
        fields = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
            "code": code,
        }
        return await self._token_request(fields | ({"code_verifier": verifier} if verifier else {}))

    async def refresh_token(self, client_id: str, client_secret: str, refresh_token: str) -> OAuthToken:
        """POST /oauth/access_token, grant refresh_token (RFC 6749, 6). The old refresh token is void
        afterwards.
        """
        return await self._token_request(
            {
                "grant_type": "refresh_token",
                "client_id": client_id,
                "client_secret": client_secret,
                "refresh_token": refresh_token,
            }
        )

    async def _token_request(self, fields: Mapping[str, str]) -> OAuthToken:
        return shaped(await self._form("/oauth/access_token", fields), OAuthToken)
