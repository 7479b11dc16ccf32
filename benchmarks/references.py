"""What looking for references costs where nobody refers to anything, beside reading the posts themselves."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.timing import quickest
from sekretar.mattermost.chat import Chat, IncomingPost
from sekretar.mattermost.events import Posted, event_of
from sekretar.tickets.references.finding import NUMBERED, QUEUED, Notation, References
from sekretar.trackers.redmine.addresses import Addresses

#: A second of a lively company, and how often it is measured: the quickest counts.
POSTS, ROUNDS = 1_000, 7

SAID = (
    "the a meeting tomorrow release is done please look server again build failed when who will bring cake",
    "сегодня вечером собрание отчёт готов посмотрите пожалуйста сервер опять не отвечает v2.3.1 10:30 @anna #general",
)
WORDS = " ".join(SAID).split()


def rows(scale: Scale) -> Iterator[Row]:
    """A second of posts in which there is nothing to find."""
    chance = random.Random(4)
    texts = [_text(chance) for _ in range(POSTS)]
    chat = Chat()
    finder = References([_notation("redmine", "#t{key}", NUMBERED), _notation("yandex", "{key}", QUEUED)])
    chat.on_post(_listen, lambda text: bool(finder.find(text)))
    frames = [json.dumps(_frame(text)) for text in texts]
    floor = quickest(lambda: _read(frames), ROUNDS)
    ours = quickest(lambda: _look(chat, texts), ROUNDS)
    yield Row(
        "references: a second of 1,000 posts that have none, processor time",
        ours,
        "ms",
        floor,
        "reading the same posts from the frames of the stream",
        most=100,
    )


def _look(chat: Chat, texts: Sequence[str]) -> None:
    found = [text for text in texts if chat.post_listeners(text)]
    assert not found, found[:1]


def _read(frames: Sequence[str]) -> None:
    for frame in frames:
        message = json.loads(frame)
        assert isinstance(event_of(message["event"], message["data"], message["broadcast"]), Posted)


def _text(chance: random.Random) -> str:
    """Mostly a line or two, now and then a page, with the links and the code that people paste."""
    long = chance.random() < 0.02
    words = chance.choices(WORDS, k=400 if long else chance.randint(3, 40))
    if chance.random() < 0.15:
        words.insert(len(words) // 2, "https://docs.example.com/guide/install?version=2#step-3")
    if chance.random() < 0.05:
        words.append("\n```\nfor i in range(10):\n    print(i)\n```\n")
    return " ".join(words)


def _frame(text: str) -> dict[str, object]:
    post = {"id": "p" * 26, "channel_id": "c" * 26, "user_id": "u" * 26, "message": text, "create_at": 1}
    data = {"post": json.dumps(post), "channel_type": "O", "sender_name": "@anna", "mentions": "[]"}
    return {"event": "posted", "data": data, "broadcast": {"channel_id": "c" * 26}, "seq": 1}


def _notation(tracker: str, template: str, key: str) -> Notation:
    address = f"https://{tracker}.example.com"
    return Notation(tracker, template, key, Addresses(tracker, address, address).ref_of_link)


async def _listen(_post: IncomingPost) -> bool:
    return False
