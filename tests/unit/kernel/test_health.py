"""Readiness and numbers."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.health import Health, Metrics
from sekretar.kernel.jobs import TaskStatus


def test_nothing_known_is_not_ready(clock: ManualClock) -> None:
    assert not Health(clock).readiness().ready


def test_ready_when_all_that_is_required_is(clock: ManualClock) -> None:
    health = Health(clock)
    health.expect("database")
    health.expect("mattermost")
    health.expect("mail", required=False)
    health.report("database", True)
    assert not health.readiness().ready
    health.report("mattermost", True, "connected")
    assert health.readiness().ready
    health.report("mattermost", False, "no answer")
    assert not health.readiness().ready
    assert health.component("nobody") is None


def test_since_is_the_moment_of_the_change(clock: ManualClock) -> None:
    health, start = Health(clock), clock.now()
    health.report("mattermost", False, "down")
    clock.advance(timedelta(minutes=1))
    health.report("mattermost", False, "still down")
    component = health.component("mattermost")
    assert component is not None
    assert (component.since, component.detail) == (start, "still down")
    health.report("mattermost", True)
    component = health.component("mattermost")
    assert component is not None
    assert component.since == start + timedelta(minutes=1)


def test_expecting_again_forgets_nothing(clock: ManualClock) -> None:
    health = Health(clock)
    health.report("database", True)
    health.expect("database")
    assert health.readiness().ready


def test_readiness_as_json(clock: ManualClock) -> None:
    health = Health(clock)
    health.report("database", True, "fine")
    assert health.readiness().as_dict() == {
        "ready": True,
        "components": {
            "database": {
                "ready": True,
                "required": True,
                "detail": "fine",
                "since": "2026-03-04T09:00:00+00:00",
            }
        },
    }


def samples(metrics: Metrics, health: Health | None = None) -> dict[tuple[str, tuple[str, ...]], float]:
    text = metrics.render(health.readiness() if health else None).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_numbers(clock: ManualClock) -> None:
    metrics, health = Metrics(), Health(clock)
    health.report("database", True)
    health.expect("mattermost")
    metrics.set_outbox_rows({"ready": 3, "dead": 1})
    metrics.set_outbox_rows({"ready": 2})
    metrics.watch_jobs(lambda: [TaskStatus("outbox", runs=5, failures=2, failures_in_a_row=1)])
    metrics.outbox_delivery_seconds.labels("post").observe(0.3)
    metrics.peer_requests.labels("mattermost", "down").inc(2)
    found = samples(metrics, health)
    assert found["sekretar_outbox_rows", ("ready",)] == 2
    assert ("sekretar_outbox_rows", ("dead",)) not in found
    assert found["sekretar_job_runs_total", ("outbox",)] == 5
    assert found["sekretar_job_failures_total", ("outbox",)] == 2
    assert found["sekretar_job_failures_in_a_row", ("outbox",)] == 1
    assert found["sekretar_outbox_delivery_seconds_sum", ("post",)] == 0.3
    assert found["sekretar_peer_requests_total", ("down", "mattermost")] == 2
    assert found["sekretar_component_ready", ("database",)] == 1
    assert found["sekretar_component_ready", ("mattermost",)] == 0


def test_two_products_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.peer_requests.labels("peers", "2xx").inc()
    assert ("sekretar_peer_requests_total", ("2xx", "peers")) not in samples(other)
