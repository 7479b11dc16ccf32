"""What a letter becomes: an incident with all that it says, or something that nobody could read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.dispatch.post_office import NOW, PostOffice, letter_bytes

from sekretar.dispatch.assets.values import Said
from sekretar.dispatch.incidents.values import EventKind, Origin, Status
from sekretar.dispatch.intake import understanding
from sekretar.dispatch.intake.threads import Reason
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.model import LetterState
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown


@pytest.fixture
def office(database: Database) -> PostOffice:
    return PostOffice(database)


# --- a new incident ---------------------------------------------------------------------------------------


async def test_a_letter_becomes_an_incident_with_everything_it_says(office: PostOffice) -> None:
    await office.register("41960-P-43-1-1", "KI0075")
    written = NOW - timedelta(minutes=7)
    letter = await office.receive("No power at КI0075", "Nothing works.\n\n-- \nAnna", at=written)
    incident = await office.incident(letter)
    assert (incident.code, incident.status, incident.origin) == ("NT-1", Status.NEW, Origin.LETTER)
    assert (incident.summary, incident.description) == ("No power at КI0075", "Nothing works.")
    assert (incident.applicant.name, incident.applicant.address) == ("Анна", "anna@customer.example")
    assert (incident.opened_at, incident.language, incident.unread) == (written, "en", True)
    assert None not in (incident.pole_id, incident.station_id, incident.contractor_id)
    assert (letter.state, letter.threaded_by) == (LetterState.FILED, Reason.NEW)
    events = await office.history(incident)
    assert [each.kind.value for each in events] == [
        "opened",
        "letter_in",
        "pole",
        "station",
        "contractor",
    ]
    assert events[1].letter_id == letter.id
    assert events[0].actor.name == "Анна"
    assert "KI0075" in events[2].why


async def test_what_may_be_meant_is_offered_and_not_guessed(office: PostOffice) -> None:
    await office.register("41960-P-43-1-1", "KI0075")
    await office.register("41961-P-43-1-1", "KI0075")
    incident = await office.incident(await office.receive("No power at KI0075"))
    assert incident.pole_id is None
    [note] = [each for each in await office.history(incident) if each.kind is EventKind.NOTE]
    assert "41960-P-43-1-1" in note.new
    assert "41961-P-43-1-1" in note.new


async def test_a_letter_that_contradicts_itself_is_placed_by_its_pole_and_says_so(office: PostOffice) -> None:
    await office.register("41960-P-43-1-1", "KI0075")
    await office.register("47175-P-62-1-1")
    incident = await office.incident(await office.receive("47175-P-62-1-1", "БС KI0075 без питания"))
    [placed] = [each for each in await office.history(incident) if each.kind is EventKind.POLE]
    assert placed.new == "47175-P-62-1-1"
    assert "KI0075" in placed.why
    assert "41960-P-43-1-1" in placed.why
    assert incident.station_id is None


async def test_a_later_letter_may_say_where_it_is(office: PostOffice) -> None:
    await office.register("41960-P-43-1-1")
    first = await office.receive("No power")
    more = {"In-Reply-To": "<1@customer.example>"}
    second = await office.receive("Re: No power", "It is 41960-P-43-1-1.", headers=more)
    incident = await office.incident(second)
    assert second.incident_id == first.incident_id
    assert incident.pole_id is not None


@pytest.mark.parametrize("hours", [-100, 5])
async def test_a_date_that_cannot_be_is_not_believed(office: PostOffice, hours: int) -> None:
    letter = await office.receive(at=NOW + timedelta(hours=hours))
    assert (await office.incident(letter)).opened_at == NOW


async def test_a_letter_without_subject_is_called_by_its_first_words(office: PostOffice) -> None:
    assert (await office.incident(await office.receive("", "\nNo power here"))).summary == "No power here"
    assert (await office.incident(await office.receive("", ""))).summary == "No subject"


async def test_the_web_form_names_the_applicant_and_the_observers(office: PostOffice) -> None:
    form = (
        '{"Что случилось": "Нет света", "E-mail для обратной связи": "Petr@client.example",'
        ' "E-mail наблюдателя по заявке 1": "boss@observers.example"}'
    )
    letter = await office.receive("Форма", form, sender="site@forms.example")
    incident = await office.incident(letter)
    assert incident.applicant.address == "petr@client.example"
    # Who is named in the form has to do with the incident.
    second = await office.receive("NT-1", sender="boss@observers.example")
    assert (second.incident_id, second.threaded_by) == (letter.incident_id, Reason.CODE)


async def test_who_has_answers_sent_to_the_desk_itself_is_the_applicant(office: PostOffice) -> None:
    letter = await office.receive(headers={"Reply-To": "Desk <DESK@towers.example>"})
    assert (await office.incident(letter)).applicant.address == "anna@customer.example"


# --- what goes wrong -------------------------------------------------------------------------------------


async def test_what_is_no_letter_becomes_an_incident_and_can_be_read_again(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(raw: bytes, limits: object) -> object:
        raise ValueError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(understanding, "parse", fail)
        letter = await office.receive("No power")
    incident = await office.incident(letter)
    assert (letter.state, letter.why) == (LetterState.UNREADABLE, "ValueError")
    assert (incident.summary, incident.unread) == ("Unreadable letter", True)
    next_one = await office.receive("Next")
    assert next_one.state == LetterState.FILED
    async with office.database.transaction() as session:
        assert await store.replay(session, letter.id)
    await office.intake.run()
    again = await office.incident(letter)
    assert (again.id, again.summary, again.applicant.address) == (
        incident.id,
        "No power",
        "anna@customer.example",
    )
    assert (await office.letters())[0].threaded_by == Reason.AGAIN


async def test_a_letter_whose_filing_fails_waits_for_a_person_and_not_the_others(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.put(letter_bytes("One", message_id="<1@x>"))
    await office.put(letter_bytes("Two", message_id="<2@x>"))
    lookup = office.assets.lookup_all

    async def fail(session: AsyncSession, desk: str, letters: Sequence[Said]) -> object:
        if any(each.subject == "One" for each in letters):
            raise RuntimeError("a mistake")
        return await lookup(session, desk, letters)

    monkeypatch.setattr(office.assets, "lookup_all", fail)
    await office.intake.run()
    one, two = await office.letters()
    assert (one.state, two.state) == (LetterState.UNREADABLE, LetterState.FILED)
    assert (await office.incident(two)).summary == "Two"
    assert (await office.incident(one)).code == "NT-1"


async def test_a_letter_waits_for_the_database(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*about: object) -> object:
        raise PeerDown("database")

    await office.put(letter_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(office.assets, "lookup_all", down)
        with pytest.raises(PeerDown):
            await office.intake.run()
    assert [each.state for each in await office.letters()] == [LetterState.RAW]
    await office.intake.run()
    assert [each.state for each in await office.letters()] == [LetterState.FILED]


async def test_letters_that_the_server_does_not_give_are_shown_too(office: PostOffice) -> None:
    await office.put(b"\r\n\r\n")
    async with office.database.transaction() as session:
        row = await session.get(type((await office.letters())[0]), 1)
        assert row is not None
        row.state, row.why = LetterState.UNREADABLE, "withheld"
    await office.intake.run()
    await office.intake.run()
    [letter] = await office.letters()
    assert (await office.incident(letter)).code == "NT-1"


async def test_of_a_letter_that_is_too_large_its_headers_serve(office: PostOffice) -> None:
    letter = await office.receive("No power", "x" * 3_000_000, whole=False)
    incident = await office.incident(letter)
    assert incident.summary == "No power"
    [note] = [each for each in await office.history(incident) if each.kind is EventKind.NOTE]
    assert "3 MB" in note.new


async def test_two_processes_file_a_conversation_into_one_incident(office: PostOffice) -> None:
    for number in range(1, 9):
        references = {"References": "<1@x>"} if number > 1 else None
        await office.put(letter_bytes("Re: No power", message_id=f"<{number}@x>", headers=references))
    await asyncio.gather(office.intake.run(), office.intake.run())
    letters = await office.letters()
    assert {each.state for each in letters} == {LetterState.FILED}
    assert len({each.incident_id for each in letters}) == 1
    assert (await office.kinds(await office.incident(letters[0]))).count("letter_in") == 8
