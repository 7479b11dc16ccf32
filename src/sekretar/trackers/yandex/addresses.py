"""The addresses of a Yandex Tracker that people open, and what an address or a key they write means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from sekretar.trackers.links import page_below
from sekretar.trackers.requests import Query
from sekretar.trackers.values import TicketRef
from sekretar.trackers.yandex import queries

_KEY = re.compile(r"[A-Z][A-Z0-9]{0,63}-[1-9][0-9]{0,9}")

#: Tells where tokens come from, for houses that have registered no application of their own.
_ABOUT_TOKENS = "https://yandex.ru/support/tracker/ru/api-ref/access"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where people find a Tracker. `client` is the id of the house's OAuth application, "" for none."""

    name: str
    public_url: str
    client: str

    def ticket(self, key: str) -> str:
        return f"{self.public_url}/{key}"

    def key_page(self) -> str:
        """Where a person gets a token of their own."""
        if not self.client:
            return _ABOUT_TOKENS
        asked = urlencode({"response_type": "token", "client_id": self.client})
        return f"https://oauth.yandex.ru/authorize?{asked}"

    def filter(self, query: Query) -> str:
        """Tracker's own list of what a query finds."""
        return f"{self.public_url}/issues?{urlencode({'_q': queries.written(query)})}"

    def ref_of_key(self, text: str) -> TicketRef | None:
        key = text.strip().upper()
        return TicketRef(self.name, key) if _KEY.fullmatch(key) else None

    def ref_of_link(self, url: str) -> TicketRef | None:
        key = (page_below(url, self.public_url) or "").strip("/")
        return TicketRef(self.name, key) if _KEY.fullmatch(key) else None
