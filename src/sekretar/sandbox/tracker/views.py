"""How the service shows what it holds: references with `self`, times without a colon, nothing for empty fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from sekretar.sandbox.tracker.state import (
    DIRECTORIES,
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    TYPES,
    Comment,
    Entered,
    Entry,
    File,
    Issue,
    Json,
    Link,
    LocalField,
    Queue,
    User,
    World,
)

_ENTRIES = {
    "status": ("statuses", STATUSES),
    "priority": ("priorities", PRIORITIES),
    "issuetype": ("issuetypes", TYPES),
    "resolution": ("resolutions", RESOLUTIONS),
}


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


class Views:
    """Renders for one version of the API; both show the same things under their own addresses."""

    def __init__(self, world: World, root: str) -> None:
        """`root` is the address with the version: `http://…/v3`."""
        self._world, self._root = world, root

    def address(self, *parts: object) -> str:
        return "/".join((self._root, *(quote(str(part)) for part in parts)))

    def user(self, uid: int) -> Json:
        return {
            "self": self.address("users", uid),
            "id": str(uid),
            "display": self._world.users[uid].display,
        }

    def whole_user(self, user: User) -> Json:
        first, _, last = user.display.partition(" ")
        return {
            "self": self.address("users", user.uid),
            "uid": user.uid,
            "trackerUid": user.uid,
            "login": user.login,
            "firstName": first,
            "lastName": last,
            "display": user.display,
            "email": user.email,
            "external": False,
            "hasLicense": user.licensed,
            "dismissed": user.dismissed,
            "disableNotifications": user.dismissed,
        }

    def entry(self, directory: str, entry: Entry) -> Json:
        """A reference to an entry of a directory."""
        return {
            "self": self.address(directory, entry.id),
            "id": entry.id,
            "key": entry.key,
            "display": entry.name,
        }

    def whole_entry(self, directory: str, entry: Entry) -> Json:
        shown: Json = {
            "self": self.address(directory, entry.id),
            "id": int(entry.id),
            "version": 1,
            "key": entry.key,
            "name": entry.name,
            "description": "",
            "order": int(entry.id),
        }
        return {**shown, "type": entry.type} if entry.type else shown

    def queue(self, queue: Queue) -> Json:
        return {
            "self": self.address("queues", queue.key),
            "id": str(queue.id),
            "key": queue.key,
            "display": queue.name,
        }

    def whole_queue(self, queue: Queue, expand: set[str]) -> Json:
        shown: Json = {
            "self": self.address("queues", queue.key),
            "id": queue.id,
            "key": queue.key,
            "version": 1,
            "name": queue.name,
            "lead": self.user(queue.lead),
            "assignAuto": False,
            "defaultType": self.entry("issuetypes", TYPES["task"]),
            "defaultPriority": self.entry("priorities", PRIORITIES["normal"]),
            "denyVoting": False,
        }
        if expand & {"types", "all"}:
            shown["issueTypes"] = [self.entry("issuetypes", each) for each in TYPES.values()]
        return shown

    def issue_reference(self, issue: Issue) -> Json:
        return {
            "self": self.address("issues", issue.key),
            "id": issue.id,
            "key": issue.key,
            "display": issue.values["summary"],
        }

    def issue(self, issue: Issue) -> Json:
        queue = self._world.queues[issue.queue]
        shown: Json = {
            "self": self.address("issues", issue.key),
            "id": issue.id,
            "key": issue.key,
            "version": issue.version,
            "queue": self.queue(queue),
            "createdBy": self.user(issue.by),
            "createdAt": moment(issue.at),
            "updatedBy": self.user(issue.updated_by),
            "updatedAt": moment(issue.updated),
            "statusStartTime": moment(issue.status_since),
            "votes": 0,
            "favorite": False,
        }
        if issue.aliases:
            shown["aliases"] = list(issue.aliases)
        if issue.unique:
            shown["unique"] = issue.unique
        if issue.resolved:
            shown["resolvedAt"] = moment(issue.resolved)
        if issue.comments:
            shown["lastCommentUpdatedAt"] = moment(max(each.updated for each in issue.comments))
        return shown | {
            name: self.value(queue, name, value)
            for name, value in issue.values.items()
            if value not in (None, [], "")
        }

    def value(self, queue: Queue, name: str, value: Any) -> Any:
        """A stored value of a field, shown."""
        kind, _ = self._world.field_of(queue, name) or ("string", False)
        if isinstance(value, list):
            return [self._one(kind, each) for each in value]
        return self._one(kind, value)

    def _one(self, kind: str, value: Any) -> Any:
        if value is None:
            return None
        if kind in _ENTRIES:
            directory, entries = _ENTRIES[kind]
            return self.entry(directory, entries[value])
        if kind == "user":
            return self.user(value)
        if kind == "queue":
            return self.queue(self._world.queues[value])
        if kind == "issue":
            return self.issue_reference(self._world.issues[value])
        return value

    def comment(self, issue: Issue, comment: Comment) -> Json:
        return {
            "self": self.address("issues", issue.key, "comments", comment.id),
            "id": comment.id,
            "longId": f"{comment.id:024x}",
            "text": comment.text,
            "version": comment.version,
            "createdBy": self.user(comment.by),
            "updatedBy": self.user(comment.by),
            "createdAt": moment(comment.at),
            "updatedAt": moment(comment.updated),
            "attachments": [self.file_reference(self._world.files[each]) for each in comment.files],
            "type": "outcoming" if comment.email else "standard",
            "transport": "email" if comment.email else "internal",
        }

    def file_reference(self, file: File) -> Json:
        return {"self": self.address("attachments", file.id), "id": file.id, "display": file.name}

    def file(self, file: File) -> Json:
        place = ("issues", self._world.issues[file.issue].key) if file.issue else ()
        return {
            "self": self.address("attachments", file.id),
            "id": file.id,
            "name": file.name,
            "content": self.address(*place, "attachments", file.id, file.name),
            "createdBy": self.user(file.by),
            "createdAt": moment(file.at),
            "mimetype": file.mimetype,
            "size": len(file.content),
        }

    def transition(self, issue: Issue, name: str, to: str) -> Json:
        shown: Json = {
            "self": self.address("issues", issue.key, "transitions", name),
            "id": name,
            "display": STATUSES[to].name,
            "to": self.entry("statuses", STATUSES[to]),
        }
        if to == "closed" and self._world.limits.closing_screen:
            shown["screen"] = {"self": self.address("screens", "50c85b17"), "id": "50c85b17"}
        return shown

    def link_type(self, name: str) -> Json:
        inward, outward = LINK_TYPES[name]
        return {"self": self.address("linktypes", name), "id": name, "inward": inward, "outward": outward}

    def link(self, issue: Issue, link: Link) -> Json:
        is_outward = link.outward == issue.id
        other = self._world.issues[link.inward if is_outward else link.outward]
        return {
            "self": self.address("issues", issue.key, "links", link.id),
            "id": link.id,
            "type": self.link_type(link.type),
            "direction": "outward" if is_outward else "inward",
            "object": self.issue_reference(other),
            "createdBy": self.user(link.by),
            "createdAt": moment(link.at),
            "status": self.entry("statuses", STATUSES[other.values["status"]]),
        }

    def entered(self, issue: Issue, entry: Entered) -> Json:
        """An entry of the changelog."""
        queue = self._world.queues[issue.queue]
        known = {comment.id: comment for comment in issue.comments}
        shown: Json = {
            "self": self.address("issues", issue.key, "changelog", entry.id),
            "id": entry.id,
            "issue": self.issue_reference(issue),
            "updatedAt": moment(entry.at),
            "updatedBy": self.user(entry.by),
            "type": entry.kind,
            "transport": "front",
            "fields": [
                {
                    "field": {"self": self.address("fields", name), "id": name, "display": name},
                    "from": self.value(queue, name, before),
                    "to": self.value(queue, name, after),
                }
                for name, before, after in entry.changes
            ],
        }
        if entry.comments:
            added = [
                {
                    "self": self.address("issues", issue.key, "comments", each),
                    "id": str(each),
                    "display": known[each].text[:50],
                }
                for each in entry.comments
                if each in known
            ]
            shown["comments"] = {"added": added}
        return shown

    def field(self, name: str, kind: str, many: bool, required: bool) -> Json:
        """A global field."""
        return {
            "self": self.address("fields", name),
            "id": name,
            "key": name,
            "name": name,
            "schema": _schema(kind, many, required),
            "readonly": False,
        }

    def local_field(self, queue: Queue, field: LocalField) -> Json:
        shown: Json = {
            "self": self.address("queues", queue.key, "localFields", field.key),
            "id": field.id,
            "key": field.key,
            "name": field.name,
            "schema": _schema(field.type, field.many, field.required),
            "queue": self.queue(queue),
            "type": "local",
        }
        if field.values:
            shown["optionsProvider"] = {"type": "FixedListOptionsProvider", "values": list(field.values)}
        return shown

    def directory(self, name: str) -> list[Json]:
        return [self.whole_entry(name, entry) for entry in DIRECTORIES[name].values()]


def _schema(kind: str, many: bool, required: bool) -> Json:
    shown: Json = {"type": "array" if many else kind, "required": required}
    return {**shown, "items": kind} if many else shown
