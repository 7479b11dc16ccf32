"""Asking a person to fill in a form: a dialog where one can be opened, questions one by one otherwise.

A dialog needs a fresh act of the person (its trigger lives 30 seconds, on 5.x three) and a client that shows
it well. Whoever prefers to be asked step by step, or has been too slow, or wrote in direct messages, is asked
there; and is told so, because the question appears where they may not be looking.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person, Preference
from sekretar.kernel.signing import Claim
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import OpenForm
from sekretar.mattermost.conversations import Conversations
from sekretar.mattermost.desk import Desk, build_form
from sekretar.mattermost.dialogs import dialog

_log = structlog.get_logger(__name__)


class _Style:
    """The codec of the preference: one of the two words."""

    def encode(self, value: str) -> str:
        return value

    def decode(self, stored: object) -> str:
        if stored not in ("dialog", "steps"):
            raise ValueError(f"not a way to be asked: {stored!r}")
        return str(stored)


#: How a person likes to be asked: `dialog` or `steps`.
FORM_STYLE: Final = Preference("forms.style", "dialog", _Style())
DIALOG_PATH = "/mattermost/dialog"
#: A dialog may stand open while somebody looks for a password; not for days.
DIALOG_LIFETIME = timedelta(hours=24)
#: The channel of a dialog travels in its claim under this name, which no record uses.
CHANNEL = "_channel"


class Opening:
    """Opens forms."""

    def __init__(self, desk: Desk, conversations: Conversations) -> None:
        self._desk = desk
        self._conversations = conversations

    async def open(
        self, wanted: OpenForm, person: Person, *, trigger_id: str, channel_id: str
    ) -> Markdown | None:
        """Ask the person. Returns what they should be told, or None when a dialog is before their eyes.

        Raises:
            PersonError: the form can only be a dialog, and none can be opened now.
        """
        t = self._desk.translator(person)
        if trigger_id and (wanted.dialog_only or await self._prefers_dialogs(person)):
            if await self._open_dialog(wanted, person, t, trigger_id, channel_id):
                return None
            if wanted.dialog_only:
                raise PersonError("mattermost.form.press_again")
            await self._conversations.start(wanted, person)
            return t("mattermost.form.dialog_failed")
        if wanted.dialog_only:
            raise PersonError("mattermost.form.press_again")
        await self._conversations.start(wanted, person)
        return t("mattermost.form.in_direct_messages")

    async def _prefers_dialogs(self, person: Person) -> bool:
        async with self._desk.database.reading() as session:
            return await FORM_STYLE.read(session, person.id) != "steps"

    async def _open_dialog(
        self, wanted: OpenForm, person: Person, t: Translator, trigger_id: str, channel_id: str
    ) -> bool:
        form = await build_form(self._desk, wanted.form_id, wanted.record, person)
        claim = Claim(
            kind=dialog_kind(wanted.form_id),
            person=person.id,
            record={**wanted.record, CHANNEL: channel_id},
            expires_at=self._desk.now() + DIALOG_LIFETIME,
        )
        shown = dialog(form, t, self._desk.signer.seal(claim))
        # What comes back names the registered form, whatever the form itself is called.
        shown["callback_id"] = wanted.form_id
        url = self._desk.callback_url.rstrip("/") + DIALOG_PATH
        try:
            await self._desk.server.open_dialog(trigger_id, url, shown)
        except PeerError as error:
            _log.info("mattermost_dialog_not_opened", form=wanted.form_id, reason=str(error))
            return False
        return True


def dialog_kind(form_id: str) -> str:
    """The kind of claim that a dialog's state holds."""
    return f"dialog:{form_id}"
