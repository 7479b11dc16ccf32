"""From the words after a slash to the subcommand that was meant.

Mattermost completes nothing for custom commands, so the parser is where kindness has to be: case, spacing,
languages and keyboard layouts do not matter, a near miss is offered back, and nothing ends in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, code, truncate
from sekretar.mattermost.chat import Available, Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.help import Help, spoken
from sekretar.mattermost.messages import Message
from sekretar.mattermost.parsing import fold, match, nearest, split_first, tidied

#: The product's own words for its commands; what people type may be configured otherwise.
TRIGGERS = ("calendar", "task", "incident", "sekretar")
#: The command that is always there.
HOME = "sekretar"

HELP_WORDS = ("help", "помощь", "справка", "?", "--help", "-h")
_SHOWN_WORD = 60


async def nobody(_person: Person) -> bool:
    """Nobody is an administrator, until somebody knows who is."""
    return False


class Commands:
    """Runs what was typed. `words` maps each trigger to the word people type for it."""

    def __init__(self, chat: Chat, words: Mapping[str, str], is_admin: Available = nobody) -> None:
        self._chat = chat
        self._triggers = {fold(word): trigger for trigger, word in words.items()}
        self._is_admin = is_admin
        self.help = Help(chat, words)

    def trigger_of(self, word: str) -> str | None:
        """The trigger behind a word that people type, with or without its slash."""
        return self._triggers.get(fold(word.strip().removeprefix("/")))

    async def run(self, request: CommandRequest) -> Reply:
        """Do what the text asks for, or help to ask for it.

        Raises:
            PersonError: the handler's own, or the subcommand is for administrators.
        """
        known = self._chat.subcommands(request.trigger)
        if not known:
            return _say(request.t("mattermost.command.absent", command=self.help.command(request.trigger)))
        word, args = split_first(request.text)
        found = match(word, [each.words for each in known])
        if found is not None:
            await self._check_right(known[found], request.person)
            return await known[found].handler(replace(request, args=args))
        if not word or fold(word) in HELP_WORDS:
            return _say(await self._help(request))
        other = self._chat.find_otherwise(request.trigger, tidied(request.text))
        if other is not None:
            return await other.handler(request)
        return _say(await self._unknown(word, known, request))

    def said(self, text: str) -> tuple[str, str] | None:
        """The trigger and the text after it, when a direct message is a command without its slash.

        Only exact words count: "calendar today", or a whole message that names one subcommand. Anything that
        merely resembles a command is ordinary speech.
        """
        words = tidied(text).removeprefix("/").strip()
        first, args = split_first(words)
        trigger = self.trigger_of(first)
        if trigger is not None:
            second, _ = split_first(args.rest)
            known = not second or fold(second) in HELP_WORDS or self._means(trigger, second, args.rest)
            return (trigger, args.rest) if known or text.lstrip().startswith("/") else None
        if fold(words) in HELP_WORDS:
            return HOME, words
        naming = self._naming(words)
        return (naming[0], words) if len(naming) == 1 else None

    def ambiguous(self, text: str, t: Translator) -> Message | None:
        """The question which command is meant, when a direct message names a subcommand of several."""
        words = tidied(text).removeprefix("/").strip()
        naming = self._naming(words)
        if len(naming) < 2:
            return None
        lines = [Markdown(f"* {self.help.command(trigger, words)}") for trigger in naming]
        return Message(Markdown("\n").join([t("mattermost.command.which"), *lines]))

    def _naming(self, words: str) -> list[str]:
        """The triggers that have a subcommand of this name."""
        return [trigger for trigger in self._chat.triggers if words and self._names(trigger, words)]

    def _names(self, trigger: str, word: str) -> bool:
        return match(word, [each.words for each in self._chat.subcommands(trigger)]) is not None

    def _means(self, trigger: str, word: str, text: str) -> bool:
        return self._names(trigger, word) or self._chat.find_otherwise(trigger, text) is not None

    async def _check_right(self, subcommand: Subcommand, person: Person) -> None:
        if subcommand.admin and not await self._is_admin(person):
            raise PersonError("mattermost.command.admin_only")

    async def _help(self, request: CommandRequest) -> Markdown:
        admin = await self._is_admin(request.person)
        return self.help.of(request.trigger, request.t, admin=admin)

    async def _unknown(self, word: str, known: tuple[Subcommand, ...], request: CommandRequest) -> Markdown:
        t = request.t
        told = t("mattermost.command.unknown", word=code(truncate(word, _SHOWN_WORD)))
        meant = _meant(word, known)
        parts = [told]
        if meant:
            lines = [self._suggestion(each, t) for each in meant]
            parts.append(Markdown("\n").join([t("mattermost.command.did_you_mean"), *lines]))
        return Markdown("\n\n").join([*parts, await self._help(request)])

    def _suggestion(self, subcommand: Subcommand, t: Translator) -> Markdown:
        return Markdown(f"* {self.help.command(subcommand.trigger, spoken(subcommand, t))}")


def _meant(word: str, known: tuple[Subcommand, ...]) -> list[Subcommand]:
    names = {fold(name): each for each in known for name in each.words if name}
    found = [names[fold(name)] for name in nearest(word, names)]
    return list(dict.fromkeys(found))


def _say(text: Markdown) -> Reply:
    return Reply(Message(text))
