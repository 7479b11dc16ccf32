"""The commands of the desk, put together."""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.dispatch.assignment.handing_over import HandingOver
from sekretar.dispatch.assignment.team import Team
from sekretar.dispatch.chat.working import Working
from sekretar.dispatch.chat.writing import Writing
from sekretar.dispatch.commands.acts import Acts
from sekretar.dispatch.commands.handover import HandoverNotes
from sekretar.dispatch.commands.hands import Hands
from sekretar.dispatch.commands.hours import Hours
from sekretar.dispatch.commands.kinds import Kinds
from sekretar.dispatch.commands.letter_texts import LetterTexts
from sekretar.dispatch.commands.linking import Linking
from sekretar.dispatch.commands.lists import Lists
from sekretar.dispatch.commands.making import Making
from sekretar.dispatch.commands.people import PeopleChat
from sekretar.dispatch.commands.shifts import ShiftsChat
from sekretar.dispatch.commands.stats import Stats
from sekretar.dispatch.telling import Telling
from sekretar.mattermost.chat import Chat


@dataclass(frozen=True)
class Tools:
    """What single commands need beside the hands of all. `chat_url` is where people reach Mattermost."""

    working: Working
    writing: Writing
    team: Team
    telling: Telling
    handing_over: HandingOver
    chat_url: str


def register(chat: Chat, hands: Hands, tools: Tools) -> None:
    """Hang all of them into the chat, in the order in which the help lists them."""
    Lists(hands, tools.chat_url).register(chat)
    Acts(hands, tools.working, tools.writing, tools.chat_url).register(chat)
    Making(hands, tools.chat_url).register(chat)
    Linking(hands).register(chat)
    Stats(hands, tools.team).register(chat)
    PeopleChat(hands, tools.team).register(chat)
    ShiftsChat(hands, tools.team).register(chat)
    HandoverNotes(hands, tools.telling, tools.handing_over).register(chat)
    Kinds(hands, hands.views.slas).register(chat)
    LetterTexts(hands).register(chat)
    Hours(hands).register(chat)
