"""Handing letters to a mail server, and what it may answer."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.peers_smtp import USER, OutsideWorld, outside_world

from sekretar.dispatch.mail.smtp import Envelope, LetterTooLarge, Postman, Reply
from sekretar.dispatch.mail.smtp_diagnosis import diagnose
from sekretar.kernel.errors import PeerDown, PeerRefused
from sekretar.mattermost.doctor.findings import State

ANNA, BORIS, NOBODY = "anna@operator.test", "boris@operator.test", "nobody@operator.test"
LETTER = b"From: desk@example.test\r\nTo: anna@operator.test\r\nSubject: 1\r\n\r\n.a line\r\nend\r\n"


@pytest.fixture
async def world() -> AsyncIterator[OutsideWorld]:
    async with outside_world() as made:
        yield made


@pytest.fixture
async def postman(world: OutsideWorld) -> AsyncIterator[Postman]:
    made = Postman(world.mailbox())
    yield made
    await made.close()


async def test_a_letter_arrives_as_it_was_written(world: OutsideWorld, postman: Postman) -> None:
    posted = await postman.post(Envelope(USER, (ANNA, BORIS)), LETTER)
    assert posted.accepted == (ANNA, BORIS)
    assert not posted.refused
    assert not posted.later
    [taken] = world.taken
    assert (taken.sender, taken.recipients) == (USER, (ANNA, BORIS))
    assert taken.content == LETTER


async def test_letters_share_a_connection_until_the_server_ends_it(
    world: OutsideWorld, postman: Postman
) -> None:
    for _ in range(3):
        await postman.post(Envelope(USER, (ANNA,)), LETTER)
    assert (world.connections, world.commands["AUTH"]) == (1, 1)
    world.hang_up()
    await postman.post(Envelope(USER, (ANNA,)), LETTER)
    assert world.connections == 2
    assert len(world.taken) == 4


async def test_each_recipient_has_an_answer(world: OutsideWorld, postman: Postman) -> None:
    world.answers = {NOBODY: "550 5.1.1 User unknown", BORIS: "451 4.7.1 Greylisted"}
    posted = await postman.post(Envelope(USER, (NOBODY, ANNA, BORIS)), LETTER)
    assert posted.accepted == (ANNA,)
    assert posted.refused == {NOBODY: Reply(550, "5.1.1 User unknown")}
    assert posted.later == {BORIS: Reply(451, "4.7.1 Greylisted")}
    assert world.taken[0].recipients == (ANNA,)


async def test_refused_by_all_is_no_error_and_the_next_letter_goes(
    world: OutsideWorld, postman: Postman
) -> None:
    world.answers = {NOBODY: "550 5.1.1 User unknown"}
    posted = await postman.post(Envelope(USER, (NOBODY,)), LETTER)
    assert (posted.accepted, list(posted.refused)) == ((), [NOBODY])
    posted = await postman.post(Envelope(USER, (ANNA,)), LETTER)
    assert posted.accepted == (ANNA,)
    assert world.connections == 1


@pytest.mark.parametrize(("answer", "final"), [("554 5.7.1 Spam", True), ("452 4.3.1 Disk full", False)])
async def test_the_text_may_be_refused(
    world: OutsideWorld, postman: Postman, answer: str, final: bool
) -> None:
    world.text_answers = [answer]
    world.answers = {NOBODY: "550 5.1.1 User unknown"}
    posted = await postman.post(Envelope(USER, (ANNA, NOBODY)), LETTER)
    assert posted.accepted == ()
    assert {str(reply) for reply in (posted.refused if final else posted.later).values()} >= {answer}
    assert NOBODY in posted.refused
    assert (await postman.post(Envelope(USER, (ANNA,)), LETTER)).accepted == (ANNA,)


async def test_the_sender_may_be_refused(world: OutsideWorld, postman: Postman) -> None:
    world.sender_answers = {USER: "451 4.3.0 Later"}
    posted = await postman.post(Envelope(USER, (ANNA, BORIS)), LETTER)
    assert posted.later == dict.fromkeys((ANNA, BORIS), Reply(451, "4.3.0 Later"))
    assert world.commands["RCPT"] == 0


async def test_an_account_that_may_not_send_under_no_address_sends_under_its_own(
    world: OutsideWorld, postman: Postman
) -> None:
    assert (await postman.post(Envelope("", (ANNA,)), LETTER)).accepted == (ANNA,)
    world.sender_answers = {"": "553 5.7.1 Sender address rejected: not owned by auth user."}
    assert (await postman.post(Envelope("", (ANNA,)), LETTER)).accepted == (ANNA,)
    assert [taken.sender for taken in world.taken] == ["", USER]


@pytest.mark.parametrize("moment", ["lose", "cut"])
async def test_a_connection_cut_after_the_text_leaves_the_fate_open(
    world: OutsideWorld, postman: Postman, moment: str
) -> None:
    world.text_answers = [moment]
    with pytest.raises(PeerDown):
        await postman.post(Envelope(USER, (ANNA,)), LETTER)
    assert (await postman.post(Envelope(USER, (ANNA,)), LETTER)).accepted == (ANNA,)
    assert world.connections == 2


async def test_a_server_that_closes_down_says_nothing_of_the_recipient(
    world: OutsideWorld, postman: Postman
) -> None:
    world.answers = {ANNA: "421 4.3.2 Shutting down"}
    with pytest.raises(PeerDown):
        await postman.post(Envelope(USER, (ANNA,)), LETTER)


async def test_addresses_no_command_can_carry_are_refused_here(world: OutsideWorld, postman: Postman) -> None:
    odd = ("анна@operator.test", "a b@operator.test", "anna@operator.test\r\nDATA", f"{'x' * 70}@{'y' * 70}")
    posted = await postman.post(Envelope(USER, (*odd, "anna@оператор.test")), LETTER)
    assert posted.accepted == ("anna@оператор.test",)
    assert set(posted.refused) == set(odd)
    assert world.taken[0].recipients == ("anna@xn--80aj0acchco.test",)


async def test_what_is_too_large_is_known_before_it_is_sent() -> None:
    async with outside_world(size=100) as world:
        postman = Postman(world.mailbox())
        with pytest.raises(LetterTooLarge) as caught:
            await postman.post(Envelope(USER, (ANNA,)), LETTER + b"x" * 100)
        assert caught.value.limit == 100
        assert world.commands["MAIL"] == 0
        await postman.post(Envelope(USER, (ANNA,)), LETTER)
        assert world.connections == 1
        await postman.close()


async def test_a_login_that_is_not_accepted(world: OutsideWorld) -> None:
    postman = Postman(world.mailbox(password="wrong"))
    with pytest.raises(PeerRefused) as caught:
        await postman.examine()
    assert caught.value.peer == USER
    assert "535" in caught.value.detail
    assert "wrong" not in str(caught.value)
    with pytest.raises(PeerRefused):
        await Postman(world.mailbox(smtp_login=False)).post(Envelope(USER, (ANNA,)), LETTER)


async def test_nobody_listens() -> None:
    async with outside_world() as world:
        mailbox = world.mailbox()
    with pytest.raises(PeerDown):
        await Postman(mailbox).examine()


# --- TLS --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example.test")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = Path(tmp_path_factory.mktemp("tls")) / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_tls_from_the_first_byte(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = contexts
    async with outside_world(tls=server) as world:
        mailbox = world.mailbox(smtp_security="tls", smtp_host="localhost")
        postman = Postman(mailbox, tls=client)
        assert (await postman.post(Envelope(USER, (ANNA,)), LETTER)).accepted == (ANNA,)
        await postman.close()
        with pytest.raises(PeerDown, match="certificate"):
            await Postman(mailbox).examine()


async def test_starttls_is_insisted_on(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = contexts
    async with outside_world(starttls=server) as world:
        mailbox = world.mailbox(smtp_security="starttls", smtp_host="localhost")
        postman = Postman(mailbox, tls=client)
        assert (await postman.post(Envelope(USER, (ANNA,)), LETTER)).accepted == (ANNA,)
        await postman.close()
    async with outside_world() as world:
        mailbox = world.mailbox(smtp_security="starttls", smtp_host="localhost")
        with pytest.raises(PeerDown, match="STARTTLS"):
            await Postman(mailbox, tls=client).examine()
        assert world.commands["AUTH"] == 0


# --- the doctor -------------------------------------------------------------------------------------------


async def test_the_doctor_says_whether_letters_can_be_sent() -> None:
    trust = ssl.create_default_context()
    async with outside_world(size=10 * 2**20) as world:
        found = await diagnose(world.mailbox(), trust, 5 * 2**20)
        assert (found.state, found.seen) == (State.OK, f"signed in as {USER}, a letter may have 10 MB")
        assert (await diagnose(world.mailbox(), trust, 20 * 2**20)).state is State.WARNING
        refused = await diagnose(world.mailbox(password="wrong"), trust, 1)
        assert refused.state is State.FAILURE
        assert "password" in refused.remedy
        assert world.taken == []
        mailbox = world.mailbox()
    away = await diagnose(mailbox, trust, 1)
    assert away.state is State.FAILURE
    assert "smtp_host" in away.remedy
