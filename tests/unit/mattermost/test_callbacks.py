"""Whatever is posted to us is read or refused, never an error."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.requests import ActionCall, CommandCall, DialogCall

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    JSON
    | st.fixed_dictionaries(
        {"user_id": JSON, "context": JSON | st.fixed_dictionaries({"action": JSON, "claim": JSON})},
        optional={"post_id": JSON, "trigger_id": JSON, "channel_id": JSON, "team_id": JSON},
    )
)
def test_any_action_body(body: object) -> None:
    call = ActionCall.read(body)
    assert call is None or (call.user_id and isinstance(call.claim, str))


@given(
    JSON
    | st.fixed_dictionaries(
        {"type": st.just("dialog_submission"), "callback_id": JSON, "state": JSON, "user_id": JSON},
        optional={"submission": JSON, "cancelled": JSON, "channel_id": JSON},
    )
)
def test_any_dialog_body(body: object) -> None:
    call = DialogCall.read(body)
    assert call is None or (call.user_id and isinstance(call.submission, dict))


@given(st.dictionaries(st.sampled_from(["token", "command", "text", "user_id", "channel_id"]), JSON))
def test_any_command_form(form: dict[str, object]) -> None:
    call = CommandCall.read(form)
    assert call is None or (call.user_id and call.word)


def test_a_command_as_servers_send_it() -> None:
    form = {"token": "t", "command": "/cal", "text": "today", "user_id": "u", "channel_id": "c"}
    call = CommandCall.read(form)
    assert call == CommandCall("t", "/cal", "today", "u", "c", "", "", "", "")


def test_a_click_in_a_direct_channel_has_no_team() -> None:
    context = {"action": "a", "claim": "c", "selected_option": "15", "ephemeral": True}
    call = ActionCall.read({"user_id": "u", "team_id": "", "post_id": "p", "context": context})
    assert call == ActionCall("u", "", "", "p", "", "a", "c", "15", True)


async def test_work_goes_on_behind_its_deadline() -> None:
    deadline, gate, late = Deadline(), asyncio.Event(), []

    async def work() -> str:
        await gate.wait()
        return "done"

    async def follow(result: str) -> None:
        late.append(result)

    assert await deadline.run(work(), 0.01, follow) is None
    gate.set()
    await deadline.drain()
    assert late == ["done"]


async def test_work_survives_a_caller_who_goes_away() -> None:
    deadline, started, gate, late = Deadline(), asyncio.Event(), asyncio.Event(), []

    async def work() -> str:
        started.set()
        await gate.wait()
        return "done"

    async def follow(result: str) -> None:
        late.append(result)

    caller = asyncio.create_task(deadline.run(work(), 60, follow))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.set()
    await deadline.drain()
    assert late == ["done"]


async def test_what_is_quick_is_answered_at_once() -> None:
    async def work() -> str:
        return "done"

    async def follow(_result: str) -> None:
        raise AssertionError("not late")

    deadline = Deadline()
    assert await deadline.run(work(), 60, follow) == "done"
    await deadline.drain()
