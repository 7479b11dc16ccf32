"""How Sekretar is, for machines: readiness by component, and numbers for Prometheus.

A component reports its state whenever it changes; nobody asks it. The process is ready when every component
that is required says so. Metrics live in a registry of their own, so that two products in one process (as in
tests) do not count into each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from sekretar.kernel.clock import Clock
from sekretar.kernel.jobs import TaskStatus

__all__ = ["CONTENT_TYPE_LATEST", "Component", "Health", "Metrics", "Readiness"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True)
class Component:
    """The state of one part.

    Attributes:
        name: What it is called, such as "database" or "mattermost".
        ready: Whether it can do its work.
        detail: One sentence for the administrator, without secrets.
        since: When `ready` last changed.
        required: Whether the product counts as ready only with it.
    """

    name: str
    ready: bool
    detail: str
    since: datetime
    required: bool = True


@dataclass(frozen=True)
class Readiness:
    """Whether the product can do its work, and what each part says."""

    ready: bool
    components: tuple[Component, ...]

    def as_dict(self) -> dict[str, object]:
        """For `/readyz`, as JSON."""
        return {
            "ready": self.ready,
            "components": {
                part.name: {
                    "ready": part.ready,
                    "required": part.required,
                    "detail": part.detail,
                    "since": part.since.isoformat(),
                }
                for part in self.components
            },
        }


class Health:
    """What the components last said of themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._components: dict[str, Component] = {}

    def expect(self, name: str, *, required: bool = True) -> None:
        """Announce a component that has not reported yet; it is not ready until it does."""
        self._components.setdefault(
            name, Component(name, ready=False, detail="starting", since=self._clock.now(), required=required)
        )

    def report(self, name: str, ready: bool, detail: str = "") -> None:
        """State how a component is. One that was not announced with `expect` counts as required."""
        self.expect(name)
        before = self._components[name]
        since = before.since if before.ready == ready else self._clock.now()
        self._components[name] = replace(before, ready=ready, detail=detail, since=since)

    def component(self, name: str) -> Component | None:
        """What a component last said; None when it is not known."""
        return self._components.get(name)

    def readiness(self) -> Readiness:
        """The state of the whole. Without any component nothing is ready yet."""
        parts = tuple(sorted(self._components.values(), key=lambda part: part.name))
        required = [part for part in parts if part.required]
        return Readiness(bool(required) and all(part.ready for part in required), parts)


class Metrics:
    """The numbers that the kernel counts; others add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.outbox_rows = Gauge(
            "sekretar_outbox_rows", "Rows of the outbox.", ["state"], registry=self.registry
        )
        self.outbox_delivery_seconds = Histogram(
            "sekretar_outbox_delivery_seconds",
            "How long a successful delivery was on its way.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.peer_requests = Counter(
            "sekretar_peer_requests",
            "Requests to another server, by what became of them.",
            ["peer", "outcome"],
            registry=self.registry,
        )
        self.component_ready = Gauge(
            "sekretar_component_ready",
            "1 when the component is ready.",
            ["component"],
            registry=self.registry,
        )

    def watch_jobs(self, status: Callable[[], Iterable[TaskStatus]]) -> None:
        """Show how jobs fare, as the engine tells it when somebody looks."""
        self.registry.register(_Jobs(status))

    def counting(self, peer: str) -> ClientMiddlewareType:
        """What counts the requests of a session as requests to `peer`, by what became of them.

        A middleware, because the hooks that aiohttp has for watchers cost a fifth of a short request. It sees each
        attempt where aiohttp makes several.
        """

        async def count(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
            try:
                response = await handler(request)
            except BaseException:
                self.peer_requests.labels(peer, "failed").inc()
                raise
            self.peer_requests.labels(peer, f"{response.status // 100}xx").inc()
            return response

        return count

    def set_outbox_rows(self, counts: Mapping[str, int]) -> None:
        """Show the rows of the outbox by state; states that are not named have none."""
        self.outbox_rows.clear()
        for state, count in counts.items():
            self.outbox_rows.labels(state).set(count)

    def render(self, readiness: Readiness | None = None) -> bytes:
        """All numbers for `/metrics`, in the text format of Prometheus (`CONTENT_TYPE_LATEST`)."""
        if readiness is not None:
            self.component_ready.clear()
            for part in readiness.components:
                self.component_ready.labels(part.name).set(part.ready)
        return generate_latest(self.registry)


class _Jobs(Collector):
    """The jobs of the engine, read when the metrics are."""

    def __init__(self, status: Callable[[], Iterable[TaskStatus]]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("sekretar_job_runs", "Runs of a job.", labels=["job"])
        failures = CounterMetricFamily(
            "sekretar_job_failures", "Runs of a job that ended in an error.", labels=["job"]
        )
        failing = GaugeMetricFamily(
            "sekretar_job_failures_in_a_row", "Failures since the last success; 0 is healthy.", labels=["job"]
        )
        for job in self._status():
            runs.add_metric([job.name], job.runs)
            failures.add_metric([job.name], job.failures)
            failing.add_metric([job.name], job.failures_in_a_row)
        yield from (runs, failures, failing)
