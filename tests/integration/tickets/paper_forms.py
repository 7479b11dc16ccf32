"""The tracker on paper as somebody sees it who makes tickets by its form, or looks after its accounts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.integration.tickets.paper import DOING, MEMBERS, NEW, SITE, TASK, PaperEyes, PaperSite

from sekretar.kernel.errors import PeerForbidden, PeerUnsupported
from sekretar.trackers.errors import FileTooLarge, UnknownPerson
from sekretar.trackers.requests import Draft, NewFile, Uploaded
from sekretar.trackers.values import (
    Account,
    Can,
    Choice,
    Created,
    CustomField,
    Kind,
    Member,
    Status,
    TicketForm,
)

BUG = Choice("2", "Bug")
SEVERITY = CustomField(
    "11", "Severity", Kind.CHOICE, required=True, choices=(Choice("s1", "Major"), Choice("s2", "Minor"))
)
TAGS = CustomField(
    "12",
    "Tags",
    Kind.CHOICE,
    required=False,
    multiple=True,
    choices=(Choice("a", "Alpha"), Choice("b", "Beta")),
)
#: Bytes that the tracker takes.
LARGEST = 10


@dataclass
class FormSite(PaperSite):
    """Bugs want a severity; everything may have tags."""

    can: frozenset[Can] = frozenset({Can.ACT_FOR_PEOPLE, Can.INITIAL_STATUS})
    uploads: list[NewFile] = field(default_factory=list)
    #: What was asked to be made, each time.
    drafts: list[Draft] = field(default_factory=list)
    #: Logins that nobody can act for.
    locked: set[str] = field(default_factory=set)

    @property
    def capabilities(self) -> frozenset[Can]:
        return self.can

    def service(self) -> FormEyes:
        return FormEyes(self, "admin")

    def owner(self, key: str) -> FormEyes:
        return FormEyes(self, key)

    def person(self, login: str) -> FormEyes:
        if Can.ACT_FOR_PEOPLE not in self.can:
            raise PeerUnsupported(self.name)
        return FormEyes(self, login, mapped=True)


@dataclass(frozen=True)
class FormEyes(PaperEyes):
    """The same through somebody's eyes."""

    site: FormSite
    mapped: bool = False

    async def me(self) -> Account:
        if self.mapped and (self.login not in MEMBERS or self.login in self.site.locked):
            raise UnknownPerson(self.site.name)
        return await super().me()

    async def types(self, project: str) -> tuple[Choice, ...]:
        return (TASK, BUG) if project == SITE.id else (TASK,)

    async def form(self, project: str, type_id: str) -> TicketForm:
        form = await super().form(project, TASK.id)
        if type_id == BUG.id:
            return replace(form, type=BUG, custom=(SEVERITY, TAGS))
        return replace(form, custom=(*form.custom, TAGS))

    async def statuses(self) -> tuple[Status, ...]:
        return (NEW, DOING)

    async def people(self, text: str) -> tuple[Member, ...]:
        if self.login != "admin":
            raise PeerForbidden(self.site.name)
        known = [replace(each, mail=f"{each.login}@example.com") for each in MEMBERS.values()]
        return tuple(
            each for each in known if text.casefold() in f"{each.login} {each.mail} {each.name}".casefold()
        )

    async def create(self, draft: Draft, unique: str) -> Created:
        self.site.drafts.append(draft)
        return await super().create(draft, unique)

    async def upload(self, file: NewFile) -> Uploaded:
        if len(file.content) > LARGEST:
            raise FileTooLarge(self.site.name, file.name)
        self.site.uploads.append(file)
        return Uploaded(str(len(self.site.uploads)), file.name, file.media_type)
