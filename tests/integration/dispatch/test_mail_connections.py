"""Connections to a real Dovecot: how they are secured, what the doctor sees, copies of sent letters."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.dispatch.mail_house import House, at, letter, new_address
from tests.peers_mail import PASSWORD, Dovecot, trust_in

from sekretar.app import http_settings
from sekretar.commands.doctor import surroundings
from sekretar.config import Settings
from sekretar.dispatch.mail.diagnosis import diagnose
from sekretar.dispatch.mail.mailboxes import connected
from sekretar.dispatch.mail.sent_copies import keep_copy
from sekretar.dispatch.mail.trouble import TroubleKind, kind_of
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError, PeerNotFound
from sekretar.kernel.http import HttpSessions
from sekretar.mattermost.doctor import State

NOON = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
async def test_a_mailbox_is_opened_in_every_way_and_nothing_but_its_owner_is_trusted(
    dovecot: Dovecot, security: str
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    mailbox = at(port, new_address(), imap_security=security)
    async with connected(mailbox, trust_in(dovecot)) as remote:
        names = {folder.name for folder in await remote.ask(remote.imap.folders)}
    assert {"INBOX", "Sent"} <= names
    if security == "plain":
        return
    by_another_name = mailbox.model_copy(update={"imap_host": "127.0.0.1"})
    for wrong, tls in ((mailbox, ssl.create_default_context()), (by_another_name, trust_in(dovecot))):
        with pytest.raises(PeerError) as caught:
            async with connected(wrong, tls):
                pass
        assert kind_of(caught.value) is TroubleKind.TLS


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_new_letters_are_seen_at_once_through_tls(
    database: Database, dovecot: Dovecot, security: str
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    address = new_address()
    here = House(database, (at(port, address, imap_security=security),), tls=trust_in(dovecot))
    dovecot.deliver(letter("one", "Нет света. " * 40_000), to=address)
    async with here.reading():
        await here.until_read()
        for number in range(3):
            dovecot.deliver(letter(f"more {number}"), to=address)
            await here.until_subjects("one", *(f"more {each}" for each in range(number + 1)))


async def test_tls_on_the_wrong_port_is_named(dovecot: Dovecot) -> None:
    found = await diagnose(at(dovecot.imap_port, new_address(), imap_security="tls"), trust_in(dovecot))
    assert found.state is State.FAILURE
    assert "SSL" in found.seen
    assert "imap_security" in found.remedy


async def test_the_doctor_tells_what_would_be_read(dovecot: Dovecot) -> None:
    address = new_address()
    good = at(dovecot.imap_port, address)
    tls = trust_in(dovecot)
    found = await diagnose(good, tls)
    assert found.state is State.OK
    for words in (
        f"signed in as {address}",
        "UIDVALIDITY",
        "tells of new letters",
        "sent letters are in Sent",
    ):
        assert words in found.seen
    for update, state, words in (
        ({"password": "wrong"}, State.FAILURE, "Authentication failed"),
        ({"inbox": "Заявки"}, State.FAILURE, "no folder Заявки; there are "),
        ({"sent": "Исходящие"}, State.WARNING, "no folder of sent letters among "),
        ({"imap_port": 1}, State.FAILURE, "refused"),
    ):
        bad = MailboxSettings.model_validate(
            {**good.model_dump(), "password": good.password.get_secret_value(), **update}
        )
        found = await diagnose(bad, tls)
        assert (found.state, words in found.seen) == (state, True), found
        assert found.remedy


async def test_the_doctor_looks_at_every_mailbox_of_the_desks(dovecot: Dovecot, tmp_path: Path) -> None:
    file = tmp_path / "desks.toml"
    addresses = new_address(), new_address()
    mailboxes = "".join(
        f"""
        [[desk.mailboxes]]
        address = "{address}"
        password = "{PASSWORD}"
        imap_host = "localhost"
        imap_port = {dovecot.imaps_port}
        """
        for address in addresses
    )
    file.write_text(f'[[desk]]\nname = "towers"\nchannel = "office/towers"\n{mailboxes}', "utf-8")
    settings = Settings(_env_file=None, desks_file=file, ca_file=dovecot.certificate)
    http = HttpSessions(http_settings(settings))
    findings = [await look() for look in surroundings(settings, http).peers]
    await http.close()
    assert [found.name for found in findings] == [f"mailbox:{address}" for address in addresses]
    assert {found.state for found in findings} == {State.OK}


async def test_a_sent_letter_is_kept_once_and_counts_as_read(dovecot: Dovecot) -> None:
    mailbox, tls = at(dovecot.imap_port, new_address()), trust_in(dovecot)
    sent = letter("answer")
    message_id = "<answer@client.test>"
    assert await keep_copy(mailbox, tls, sent, message_id, NOON)
    assert not await keep_copy(mailbox, tls, sent, message_id, NOON)
    (flags,) = dovecot.flags(mailbox.address, "Sent")
    assert rb"\Seen" in flags
    with pytest.raises(PeerNotFound):
        await keep_copy(mailbox.model_copy(update={"sent": "Nowhere"}), tls, sent, message_id, NOON)
