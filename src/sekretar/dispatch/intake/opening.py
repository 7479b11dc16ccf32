"""The intake of all desks, put together."""

from __future__ import annotations

from collections.abc import Mapping

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import Evidence, TicketBook
from sekretar.dispatch.intake.filing import Filing
from sekretar.dispatch.intake.intake import Intake, Tools
from sekretar.dispatch.letters.opening import OpenLetters
from sekretar.dispatch.settings import DeskSettings
from sekretar.mattermost.desk import Desk


def open_intake(
    chat: Desk,
    desks: Mapping[str, DeskSettings],
    incidents: Incidents,
    assets: Assets,
    letters: OpenLetters,
    tickets: TicketBook,
) -> Intake:
    """What makes incidents of letters; `tickets` knows which incident a ticket of the tracker mirrors."""
    catalogues = chat.catalogues
    tools = Tools(
        incidents,
        Evidence(letters.ids, tickets),
        Deliveries(incidents, letters.ids, catalogues, chat.clock, letters.bounces.note),
        Filing(incidents, assets, catalogues, letters.automatic.answer_too_late),
    )
    return Intake(chat.database, chat.clock, desks, tools)
