"""What Mattermost tells us, read as values, and what is not fit to be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mattermost.fakes import ANNA, BOT, post, user

from sekretar.kernel.people import Profile
from sekretar.mattermost.backfill import said_to_us
from sekretar.mattermost.models import (
    Channel,
    ClientConfig,
    CustomStatus,
    Post,
    PostList,
    User,
    milliseconds,
    moment,
)

ZONES = {"automaticTimezone": "Europe/Moscow", "manualTimezone": "Asia/Omsk"}


def test_a_moment_is_counted_in_milliseconds_and_zero_is_never() -> None:
    assert moment(1_772_614_800_123) == datetime(2026, 3, 4, 9, 0, 0, 123_000, tzinfo=UTC)
    assert moment(0) is None


@pytest.mark.parametrize("value", [-1, None, "5", True, 10**18, 1.5])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert moment(value) is None


@given(st.integers(1, 253_402_300_799_000))
def test_moments_come_back_as_they_went(value: int) -> None:
    read = moment(value)
    assert read is not None
    assert milliseconds(read) == value


@pytest.mark.parametrize(
    ("timezone", "zone"),
    [
        ({"useAutomaticTimezone": "true", **ZONES}, "Europe/Moscow"),
        ({"useAutomaticTimezone": "false", **ZONES}, "Asia/Omsk"),
        (ZONES, "Asia/Omsk"),
        ({"useAutomaticTimezone": True, "automaticTimezone": "Europe/Moscow"}, "Europe/Moscow"),
        ({"useAutomaticTimezone": "true", "automaticTimezone": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_zone_is_the_one_the_flag_points_to(timezone: Any, zone: str | None) -> None:
    assert User.model_validate(user(timezone=timezone)).time_zone == zone


def test_a_user_becomes_a_profile() -> None:
    read = User.model_validate(
        user(
            first_name="Анна", last_name=None, locale="ru", email="anna@example.com", delete_at=5, unknown=[1]
        )
    )
    assert read.profile() == Profile(ANNA, "anna", "Анна", "", "ru", None, False, "anna@example.com")


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        (
            '{"emoji":"calendar","text":"занята","duration":"","expires_at":"0001-01-01T00:00:00Z"}',
            CustomStatus(emoji="calendar", text="занята"),
        ),
        (
            '{"emoji":"calendar","text":"x","duration":"date_and_time","expires_at":"2027-01-01T00:00:00Z"}',
            CustomStatus(
                emoji="calendar",
                text="x",
                duration="date_and_time",
                expires_at=datetime(2027, 1, 1, tzinfo=UTC),
            ),
        ),
        ('{"emoji":"calendar"}', CustomStatus(emoji="calendar")),
    ],
)
def test_a_custom_status_is_read(stored: str, status: CustomStatus) -> None:
    assert User.model_validate(user(props={"customStatus": stored})).custom_status == status


@pytest.mark.parametrize(
    "stored", ["", "null", "[]", "{}", "no json", '{"emoji": 5}', 5, None, {"emoji": "x"}]
)
def test_what_is_no_custom_status_is_none(stored: object) -> None:
    assert CustomStatus.parse(stored) is None


@pytest.mark.parametrize("nothing", [{"props": None, "file_ids": None, "message": None}, {"props": {}}])
def test_the_servers_null_is_an_empty_value(nothing: dict[str, Any]) -> None:
    read = Post.model_validate({"id": "p", "channel_id": "c"} | nothing)
    assert (read.props, read.file_ids, read.message, read.attachments) == ({}, (), "", ())


def test_attachments_that_are_none_are_passed_over() -> None:
    good = {"text": "x"}
    assert Post.model_validate(post(props={"attachments": [good, None, 5]})).attachments == (good,)
    assert Post.model_validate(post(props={"attachments": {"a": 1}})).attachments == ()


def test_a_reply_is_answered_in_its_thread() -> None:
    assert Post.model_validate(post("p", root_id="r")).thread_id == "r"
    assert Post.model_validate(post("p")).thread_id == "p"


@pytest.mark.parametrize(
    ("fields", "ours"),
    [
        ({}, True),
        ({"user_id": BOT}, False),
        ({"type": "system_join_channel"}, False),
        ({"type": "me"}, True),
        ({"props": {"from_bot": "true"}}, False),
        ({"props": {"from_webhook": "true"}}, False),
        ({"props": {"from_webhook": True}}, False),
        ({"props": {"from_webhook": "false"}}, True),
        ({"delete_at": 5}, False),
        ({"user_id": ""}, False),
    ],
)
def test_only_what_people_wrote_is_said_to_us(fields: dict[str, Any], ours: bool) -> None:
    assert said_to_us(Post.model_validate(post(**fields)), BOT) is ours


def test_a_page_is_read_in_the_order_of_writing() -> None:
    page = PostList.model_validate(
        {"order": ["b", "a"], "posts": {"b": post("b", create_at=2), "a": post("a", create_at=1)}}
    )
    assert [one.id for one in page.oldest_first()] == ["a", "b"]
    assert list(PostList.model_validate({"order": None, "posts": None}).oldest_first()) == []


def test_settings_are_texts() -> None:
    config = ClientConfig(settings={"EnableCustomUserStatuses": "true", "A": "false"})
    assert config.version == ""
    assert config.allows("EnableCustomUserStatuses") is True
    assert config.allows("A") is False
    assert config.allows("B") is None


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists)))
def test_odd_props_of_a_channel_or_post_harm_nothing(props: dict[str, Any]) -> None:
    read = Post.model_validate(post(props=json.loads(json.dumps(props))))
    assert isinstance(read.is_automatic, bool)
    assert isinstance(read.attachments, tuple)
    assert Channel.model_validate({"id": "c"} | {"extra": props}).id == "c"
