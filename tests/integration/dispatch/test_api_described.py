"""The API does what its description says, whatever is sent: schemathesis over the running application."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode
from tests.integration.dispatch.house import House, open_house
from tests.integration.dispatch.programs import program

from sekretar.dispatch.api.tokens import Scope
from sekretar.kernel.database import Database
from sekretar.web.app import Services, create_app
from sekretar.web.server import listening_socket, serve


@dataclass
class Served:
    """A desk with some incidents behind its address."""

    url: str = ""
    token: str = ""
    house: House | None = None

    def let_time_pass(self) -> None:
        """Let the limit of requests fill again."""
        assert self.house is not None
        self.house.clock.advance(timedelta(seconds=5))


async def _serve(served: Served, url: str, ready: threading.Event, end: asyncio.Event) -> None:
    database = Database.open(url)
    await database.migrate()
    try:
        async with open_house(database) as house:
            for number in range(3):
                await house.open(f"Авария {number}")
            services = Services(
                **cast(
                    Any, dict.fromkeys(("callbacks", "consents", "consented", "hooks", "health", "metrics"))
                ),
                catalogues=house.office.desk.catalogues,
                default_language="en",
                api=house.dispatch.api,
            )
            bound = listening_socket("127.0.0.1", 0)
            served.house, served.token = house, (await program(house, Scope.WRITE)).token
            served.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            serving = asyncio.create_task(serve(create_app(services), bound))
            ready.set()
            await end.wait()
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
    finally:
        await database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database for all tests here."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('api') / 'api.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture(scope="module")
def served(url: str) -> Iterator[Served]:
    """The application in a thread of its own: schemathesis waits for answers without letting others work."""
    served, ready, end = Served(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    def work() -> None:
        loop.run_until_complete(_serve(served, url, ready, end))
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(60)
    yield served
    loop.call_soon_threadsafe(end.set)
    thread.join(30)


#: Whatever is wrong is refused; with which of the described codes is a check of its own. The usual list lacks
#: 413, which is what a text gets that is not only longer than described but larger than any body may be.
#: The token is ours: a case whose only fault is that it lacks one has no fault when it is sent.
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        "generation": {"with-security-parameters": False},
    }
)


@pytest.fixture(scope="module")
def description(served: Served) -> Any:
    address = f"{served.url}/api/v1/openapi.json"
    return schemathesis.openapi.from_url(address, config=CONFIG, wait_for_schema=30)


OPERATIONS = (
    ("get", "/incidents/"),
    ("post", "/incidents/"),
    ("get", "/incidents/{incident_id}/"),
    ("patch", "/incidents/{incident_id}/"),
)


def test_every_operation_is_checked(description: Any) -> None:
    paths = description.raw_schema["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(
    description: Any, served: Served, method: str, path: str, mode: GenerationMode
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=description[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        # In an address a single word is a list of one: nothing is wrong with it.
        assume(not isinstance((case.query or {}).get("desk"), str))
        served.let_time_pass()
        case.call_and_validate(headers={"Authorization": f"Bearer {served.token}"})

    check()


@pytest.mark.parametrize("path", ["incidents/%0A/", "nothing%0Ahere", "nothing"])
def test_an_odd_address_is_answered_by_the_api_itself(served: Served, path: str) -> None:
    request = Request(f"{served.url}/api/v1/{path}", headers={"Authorization": f"Bearer {served.token}"})
    with pytest.raises(HTTPError) as refused:
        urlopen(request)
    assert refused.value.code in {404, 422}
    assert json.load(refused.value)["detail"]
