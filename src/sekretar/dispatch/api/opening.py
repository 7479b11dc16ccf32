"""The API, put together for the feature."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp

from sekretar.dispatch.api.callers import Callers
from sekretar.dispatch.api.reading import Reading
from sekretar.dispatch.api.routes import create_api
from sekretar.dispatch.api.writing import Writing
from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.keeping import Slas
from sekretar.mattermost.desk import Desk


def open_api(
    chat: Desk, desks: Mapping[str, DeskSettings], incidents: Incidents, assets: Assets, slas: Slas
) -> ASGIApp:
    """The application that answers other programs."""
    reading = Reading(chat.database, chat.clock, desks, incidents, assets, slas)
    writing = Writing(chat.database, chat.clock, desks, incidents, assets)
    return create_api(reading, writing, Callers(chat.database, chat.clock, desks), chat.catalogues)
