"""The link people click without looking."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from sekretar.calendars.ics.joinlinks import Sources, find

TELEMOST = "https://telemost.yandex.ru/j/12345678901234"
ZOOM = "https://us02web.zoom.us/j/123?pwd=abc"


def found(text: str) -> str | None:
    link = find(Sources(description=text))
    return link.url if link else None


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (TELEMOST, "Yandex Telemost"),
        ("https://telemost.360.yandex.ru/j/1", "Yandex Telemost"),
        ("https://acme.ktalk.ru/room", "Kontur Talk"),
        ("https://video.trueconf.ru/c/123", "TrueConf"),
        ("https://jazz.sber.ru/abc?psw=x", "SberJazz"),
        ("https://acme.salutejazz.ru/abc", "SberJazz"),
        ("https://acme.dion.vc/event/x", "DION"),
        ("https://vk.com/call/join/x", "VK Calls"),
        (ZOOM, "Zoom"),
        ("https://zoom.us/my/anna", "Zoom"),
        ("https://meet.google.com/abc-defg-hij", "Google Meet"),
        ("https://teams.microsoft.com/l/meetup-join/19%3ameeting/0", "Microsoft Teams"),
        ("https://teams.microsoft.com/meet/123?p=x", "Microsoft Teams"),
        ("https://teams.live.com/meet/123", "Microsoft Teams"),
        ("https://acme.webex.com/meet/anna", "Webex"),
        ("https://meet.jit.si/Room", "Jitsi"),
        ("https://whereby.com/anna", "Whereby"),
        ("https://meet.goto.com/1", "GoTo"),
        ("https://app.slack.com/huddle/T/C", "Slack"),
    ],
)
def test_services_are_known(url: str, service: str) -> None:
    link = find(Sources(location=f"Room 3 or {url}."))
    assert link is not None
    assert (link.service, link.url) == (service, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://notktalk.ru/room",
        "https://evil-zoom.us/j/1",
        "https://zoom.us.evil.example/j/1",
        "https://trueconf.ru.evil.example/c/1",
        "https://evil.example/zoom.us/j/1",
        "https://zoom.us@evil.example/j/1",
        "https://user:x@zoom.us/j/1",
        "https://xn--zom-zoa.zoom.us/j/1",
        "https://zооm.us/j/1",
        "https://zoom.us:8443/j/1",
        "https://zoom.us/download",
        "https://zoom.us/",
        "https://telemost.yandex.ru/",
        "https://vk.com/anna",
        "http://zoom.us/j/1",
        "zoommtg://zoom.us/join?confno=1",
        "https://zoom.us/j/" + "1" * 3000,
        "https://calendar.yandex.ru/event?event_id=1",
    ],
)
def test_what_only_looks_like_a_service_is_none(url: str) -> None:
    assert find(Sources(url=url, location=url, description=url, html=f'<a href="{url}">join</a>')) is None


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("telemost.yandex.ru/j/123", "https://telemost.yandex.ru/j/123"),
        ("Room 3, acme.ktalk.ru/room", "https://acme.ktalk.ru/room"),
        ("Zoom.us/j/1?pwd=x", "https://Zoom.us/j/1?pwd=x"),
        ("evil-zoom.us/j/1", None),
        ("http://zoom.us/j/1", None),
        ("evil.example/zoom.us/j/1", None),
        ("anna@zoom.us/j/1", None),
        ("Room 3/4", None),
    ],
)
def test_a_place_may_leave_out_how_a_link_begins(place: str, url: str | None) -> None:
    link = find(Sources(location=place))
    assert (link.url if link else None) == url


def test_what_is_not_seen_ends_a_link() -> None:
    assert found(f"{TELEMOST}\u200b Join") == TELEMOST


def test_the_most_believed_place_wins() -> None:
    places = Sources(
        conference=("https://meet.jit.si/conference",),
        url="https://meet.jit.si/url",
        location="https://meet.jit.si/location",
        description="https://meet.jit.si/description",
        html="<a href='https://meet.jit.si/html'>",
    )
    order = []
    for name in ("conference", "url", "location", "description", "html"):
        link = find(places)
        assert link is not None
        order.append(link.url.rpartition("/")[2])
        places = Sources(**{**{each: getattr(places, each) for each in Sources.__slots__}, name: ""})
    assert order == ["conference", "url", "location", "description", "html"]
    assert find(places) is None


def test_among_equals_the_longer_link_wins() -> None:
    assert found("https://zoom.us/j/123 or https://zoom.us/j/123?pwd=abc") == "https://zoom.us/j/123?pwd=abc"


def test_the_web_page_of_the_event_does_not_hide_the_link() -> None:
    link = find(Sources(url="https://calendar.google.com/event?eid=1", description=f"Join: {ZOOM}"))
    assert link is not None
    assert link.url == ZOOM


def test_a_property_for_conferences_may_name_any_honest_host() -> None:
    link = find(Sources(conference=("https://video.acme.example/room",)))
    assert link is not None
    assert (link.service, link.url) == ("", "https://video.acme.example/room")
    assert (
        find(Sources(conference=("tel:+123", "https://calendar.google.com/x", "https://acme.example/")))
        is None
    )
    known = find(Sources(conference=("https://acme.example/a/very/long/address/of/something", ZOOM)))
    assert known is not None
    assert known.service == "Zoom"


def test_own_hosts_are_exact() -> None:
    own = ["Meet.Acme.Example"]
    for url, service in (("/room", "Jitsi"), ("/b/abc", "BigBlueButton"), ("/c/1", "TrueConf")):
        link = find(Sources(location=f"https://meet.acme.example{url}"), own)
        assert link is not None
        assert link.service == service
    assert find(Sources(location="https://x.meet.acme.example/room"), own) is None
    assert find(Sources(location="https://meet.acme.example/"), own) is None


def wrapped(url: str, times: int) -> str:
    for _ in range(times):
        url = f"https://eur01.safelinks.protection.outlook.com/?url={quote(url, safe='')}&data=x"
    return url


def test_safe_links_are_unwrapped() -> None:
    assert found(wrapped(ZOOM, 1)) == ZOOM
    assert found(wrapped(ZOOM, 3)) == ZOOM
    assert found(wrapped("https://evil.example/j/1", 1)) is None
    assert found("https://safelinks.protection.outlook.com.evil.example/?url=" + quote(ZOOM)) is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"({ZOOM})", ZOOM),
        (f"<{ZOOM}>", ZOOM),
        (f"«{ZOOM}»,", ZOOM),
        (f"[join]({ZOOM})!", ZOOM),
        (f"{ZOOM}...", ZOOM),
        ("https://zoom.us/j/1?a=1&amp;pwd=2", "https://zoom.us/j/1?a=1&pwd=2"),
        ("https://acme.webex.com/a_(b)", "https://acme.webex.com/a_(b)"),
        (f'<a href="{ZOOM}">Join</a>', ZOOM),
    ],
)
def test_the_sentence_around_a_link_stays_behind(text: str, url: str) -> None:
    assert found(text) == url


def test_an_enormous_text_is_searched_only_so_far() -> None:
    assert found("x" * 300_000 + " " + ZOOM) is None
    assert found("https://a.example/ " * 20_000 + ZOOM) is None
