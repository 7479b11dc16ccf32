"""The organisation around the issues: people, queues, fields, directories, triggers, and changes of many at once."""

from __future__ import annotations

from aiohttp import web

from sekretar.sandbox.tracker.call import Call, Handler, answer
from sekretar.sandbox.tracker.filling import Filling, queue_of
from sekretar.sandbox.tracker.refusals import Refused, missing
from sekretar.sandbox.tracker.state import DIRECTORIES, FIELDS, LINK_TYPES, TRANSITIONS, Issue, Json

# ----- people


async def myself(call: Call) -> web.Response:
    return answer(call.views.whole_user(call.user))


async def users(call: Call) -> web.Response:
    return call.page(list(call.world.users.values()), call.views.whole_user)


async def user(call: Call) -> web.Response:
    wanted = call.part("user")
    for each in call.world.users.values():
        if wanted in (str(each.uid), each.login):
            return answer(call.views.whole_user(each))
    raise missing("User")


# ----- queues and fields


async def queues(call: Call) -> web.Response:
    seen = [each for each in call.world.queues.values() if call.world.may("read", each, call.user)]
    expand = set(call.query("expand").split(","))
    return call.page(seen, lambda each: call.views.whole_queue(each, expand))


async def queue(call: Call) -> web.Response:
    return answer(call.views.whole_queue(call.queue(), set(call.query("expand").split(","))))


async def queue_fields(call: Call) -> web.Response:
    found = call.queue()
    return answer([*_global_fields(call), *(call.views.local_field(found, each) for each in found.fields)])


async def local_fields(call: Call) -> web.Response:
    found = call.queue()
    return answer([call.views.local_field(found, each) for each in found.fields])


async def local_field(call: Call) -> web.Response:
    found = call.queue()
    for each in found.fields:
        if call.part("field") in (each.key, each.id):
            return answer(call.views.local_field(found, each))
    raise missing("Field")


async def triggers(call: Call) -> web.Response:
    return answer(call.queue().triggers)


async def add_trigger(call: Call) -> web.Response:
    found = call.queue()
    call.must("write", found)
    number = call.world.number()
    made = {**await call.body(), "id": number, "version": 1}
    made["self"] = call.views.address("queues", found.key, "triggers", number)
    found.triggers.append(made)
    return answer(made, 201)


def _global_fields(call: Call) -> list[Json]:
    required = ("summary", "queue")
    return [call.views.field(name, kind, many, name in required) for name, (kind, many) in FIELDS.items()]


async def fields(call: Call) -> web.Response:
    return answer(_global_fields(call))


async def field(call: Call) -> web.Response:
    for each in _global_fields(call):
        if each["id"] == call.part("field"):
            return answer(each)
    raise missing("Field")


# ----- directories


async def directory(call: Call) -> web.Response:
    return answer(call.views.directory(call.part("directory")))


async def entry(call: Call) -> web.Response:
    wanted, name = call.part("entry"), call.part("directory")
    for each in DIRECTORIES[name].values():
        if wanted in (each.id, each.key):
            return answer(call.views.whole_entry(name, each))
    raise missing("Entry")


async def link_types(call: Call) -> web.Response:
    return answer([call.views.link_type(name) for name in LINK_TYPES])


async def nothing(_call: Call) -> web.Response:
    """A directory that this organisation has nothing in."""
    return answer([])


# ----- many issues at once


async def bulk(call: Call) -> web.Response:
    body = await call.body()
    issues = [call.world.issue(str(each)) for each in body.get("issues", [])]
    if not issues or None in issues:
        raise Refused(422, errors={"issues": "There is no such issue."})
    for issue in issues:
        if issue is not None:
            call.must("write", call.world.queues[issue.queue])
            _change(call, issue, body)
    number = call.world.hexadecimal()
    made = {
        "self": call.views.address("bulkchange", number),
        "id": number,
        "createdBy": call.views.user(call.user.uid),
        "status": "CREATED",
        "statusText": "Bulk change task is created.",
        "executionChunkPercent": 0,
        "executionIssuePercent": 0,
    }
    call.world.bulk[number] = made
    return answer(made, 201)


def _change(call: Call, issue: Issue, body: Json) -> None:
    values = Filling(call.world, call.world.queues[issue.queue], call.user).changed(
        issue, body.get("values", {})
    )
    kind = call.part("kind")
    if kind == "_transition":
        begin, to = TRANSITIONS.get(str(body.get("transition")), (frozenset(), ""))
        if issue.values["status"] not in begin:
            raise missing("Transition")
        values["status"] = to
        issue.resolved = call.world.now() if to == "closed" else None
    if kind == "_move":
        target = queue_of(call.world, body.get("queue"), call.user)
        target.last += 1
        issue.aliases.append(issue.key)
        issue.queue, issue.key = target.key, f"{target.key}-{target.last}"
        values["queue"] = target.key
    changes = [(name, issue.values.get(name), value) for name, value in values.items()]
    issue.values |= values
    call.touch(issue, "IssueUpdated", changes)


async def bulk_state(call: Call) -> web.Response:
    """The work is done when it is asked for the first time."""
    found = call.world.bulk.get(call.part("bulk"))
    if found is None:
        raise missing("Bulk change")
    found |= {"status": "COMPLETE", "executionChunkPercent": 100, "executionIssuePercent": 100}
    return answer(found)


_DIRECTORY = "{directory:" + "|".join(DIRECTORIES) + "}"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/myself", myself),
    ("GET", "/users", users),
    ("GET", "/users/{user}", user),
    ("GET", "/queues", queues),
    ("GET", "/queues/{queue}", queue),
    ("GET", "/queues/{queue}/fields", queue_fields),
    ("GET", "/queues/{queue}/localFields", local_fields),
    ("GET", "/queues/{queue}/localFields/{field}", local_field),
    ("GET", "/queues/{queue}/triggers", triggers),
    ("POST", "/queues/{queue}/triggers", add_trigger),
    ("GET", "/queues/{queue}/{list:components|versions|autoactions|macros|tags}", nothing),
    ("GET", "/fields", fields),
    ("GET", "/fields/{field}", field),
    ("GET", "/linktypes", link_types),
    ("GET", "/{list:components|versions|projects|boards}", nothing),
    ("GET", f"/{_DIRECTORY}", directory),
    ("GET", f"/{_DIRECTORY}/{{entry}}", entry),
    ("POST", "/bulkchange/{kind:_update|_transition|_move}", bulk),
    ("GET", "/bulkchange/{bulk}", bulk_state),
)
