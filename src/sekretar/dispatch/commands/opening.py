"""The commands of the desk, put together."""

from __future__ import annotations

from sekretar.dispatch.assignment.team import Team
from sekretar.dispatch.chat.working import Working
from sekretar.dispatch.commands.acts import Acts
from sekretar.dispatch.commands.hands import Hands
from sekretar.dispatch.commands.linking import Linking
from sekretar.dispatch.commands.lists import Lists
from sekretar.dispatch.commands.making import Making
from sekretar.dispatch.commands.stats import Stats
from sekretar.dispatch.letters.sending import LettersOut
from sekretar.mattermost.chat import Chat


def register(
    chat: Chat, hands: Hands, working: Working, letters: LettersOut, team: Team, chat_url: str
) -> None:
    """Hang all of them into the chat, in the order in which the help lists them."""
    Lists(hands, chat_url).register(chat)
    Acts(hands, working, letters).register(chat)
    Making(hands, chat_url).register(chat)
    Linking(hands).register(chat)
    Stats(hands, team).register(chat)
