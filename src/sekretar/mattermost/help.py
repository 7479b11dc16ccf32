"""The help of a command: complete, copyable, made of what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, code
from sekretar.mattermost.chat import Chat, Subcommand


class Help:
    """Writes help in a person's language. `words` maps a trigger to the word people type."""

    def __init__(self, chat: Chat, words: Mapping[str, str]) -> None:
        self._chat = chat
        self._words = words

    def of(self, trigger: str, t: Translator, *, admin: bool) -> Markdown:
        """Everything that can be done with one trigger; what only administrators can do stands apart."""
        known = self._chat.subcommands(trigger)
        title = t("mattermost.help.title", command=self.command(trigger))
        blocks = [self._block(title, known, t, admin=False)]
        reserved = [each for each in known if each.admin]
        if admin and reserved:
            blocks.append(self._block(t("mattermost.help.admin_title"), reserved, t, admin=True))
        others = [other for other in self._chat.triggers if other != trigger]
        if others:
            listed = Markdown(", ").join(self.command(other, "help") for other in others)
            blocks.append(t("mattermost.help.others", commands=listed))
        return Markdown("\n\n").join(blocks)

    def command(self, trigger: str, name: str = "", usage: str = "") -> Markdown:
        """A command as one copies it."""
        return code(" ".join(part for part in (f"/{self._words.get(trigger, trigger)}", name, usage) if part))

    def line(self, subcommand: Subcommand, t: Translator) -> Markdown:
        """`/calendar today` and what it is good for."""
        name = spoken(subcommand, t)
        usage = t.plain(subcommand.usage_key) if subcommand.usage_key else ""
        shown = self.command(subcommand.trigger, name, usage)
        return t("mattermost.help.line", command=shown, help=t(subcommand.help_key))

    def _block(self, title: Markdown, known: Iterable[Subcommand], t: Translator, *, admin: bool) -> Markdown:
        lines = [self.line(each, t) for each in known if each.admin is admin]
        return Markdown("\n").join([title, *lines])


def spoken(subcommand: Subcommand, t: Translator) -> str:
    """The name of a subcommand in the person's language: for Russian its first Cyrillic alias, if any."""
    if t.language != "ru":
        return subcommand.name
    cyrillic = (alias for alias in subcommand.aliases if "а" <= alias[:1].casefold() <= "я")
    return next(cyrillic, subcommand.name)
