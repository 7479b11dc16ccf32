"""Issues: made, read, changed, found, moved through their workflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from sekretar.sandbox.tracker.call import Call, Handler, answer
from sekretar.sandbox.tracker.conditions import Condition, Conditions
from sekretar.sandbox.tracker.filling import Filling, queue_of
from sekretar.sandbox.tracker.language import parse
from sekretar.sandbox.tracker.refusals import Refused, invalid, missing
from sekretar.sandbox.tracker.state import TRANSITIONS, Comment, Entered, Issue, Json, Queue

#: What a request may say about an issue besides its fields.
_EXTRAS = ("queue", "unique", "attachmentIds", "comment")


async def create(call: Call) -> web.Response:
    body = await call.body()
    if body.get("queue") is None:
        raise invalid("queue", "Required")
    queue = queue_of(call.world, body["queue"], call.user)
    call.must("create", queue)
    unique = body.get("unique")
    if unique and unique in call.world.uniques:
        raise Refused(409, ["An issue with this unique value exists already."])
    files = take_files(call, body.get("attachmentIds"))
    values = Filling(call.world, queue, call.user).new(_fields(body))
    issue = _made(call, queue, values)
    if unique:
        issue.unique = unique
        call.world.uniques[unique] = issue.id
    for file in files:
        call.world.files[file].issue = issue.id
    return answer(call.views.issue(issue), 201)


def _made(call: Call, queue: Queue, values: Json) -> Issue:
    queue.last += 1
    now = call.world.now()
    issue = Issue(
        call.world.hexadecimal(),
        f"{queue.key}-{queue.last}",
        queue.key,
        values,
        call.user.uid,
        now,
        call.user.uid,
        now,
        now,
    )
    issue.changelog.append(Entered(call.world.hexadecimal(), now, call.user.uid, "IssueCreated", [], []))
    call.world.issues[issue.id] = issue
    return issue


async def show(call: Call) -> web.Response:
    return answer(call.views.issue(call.issue()))


async def change(call: Call) -> web.Response:
    issue = call.issue("write")
    body = await call.body()
    call.check_version(issue.version)
    call.must_not_be_locked(issue)
    files = take_files(call, body.get("attachmentIds"))
    changed = _filling(call, issue).changed(issue, _fields(body))
    _apply(call, issue, "IssueUpdated", changed, files=files)
    return answer(call.views.issue(issue))


def _filling(call: Call, issue: Issue) -> Filling:
    return Filling(call.world, call.world.queues[issue.queue], call.user)


def _apply(
    call: Call,
    issue: Issue,
    kind: str,
    changed: Json,
    *,
    files: list[str] | None = None,
    comment: str = "",
) -> None:
    changes: list[tuple[str, Any, Any]] = [
        (name, issue.values.get(name), value) for name, value in changed.items()
    ]
    issue.values |= changed
    for file in files or ():
        call.world.files[file].issue = issue.id
        changes.append(("attachments", None, call.world.files[file].name))
    comments = [add_comment(call, issue, comment).id] if comment else []
    if changes or comments:
        call.touch(issue, kind, changes, comments)


def add_comment(call: Call, issue: Issue, text: str) -> Comment:
    """A comment below an issue; the caller notes the change."""
    now = call.world.now()
    comment = Comment(call.world.number(), text, call.user.uid, now, now, [])
    issue.comments.append(comment)
    return comment


def take_files(call: Call, ids: object) -> list[str]:
    """Temporary files that a request attaches. 422 for one that is attached already, or none of the caller's."""
    found = [str(each) for each in ids] if isinstance(ids, list) else []
    for each in found:
        file = call.world.files.get(each)
        if file is None or file.issue is not None or file.by != call.user.uid:
            raise invalid("attachmentIds", f"There is no temporary file {each}.")
    return found


# ----- the workflow


def _offered(issue: Issue) -> dict[str, str]:
    return {name: to for name, (begin, to) in TRANSITIONS.items() if issue.values["status"] in begin}


async def transitions(call: Call) -> web.Response:
    issue = call.issue()
    if not call.world.may("write", call.world.queues[issue.queue], call.user):
        return answer([])
    return answer([call.views.transition(issue, name, to) for name, to in _offered(issue).items()])


async def transition(call: Call) -> web.Response:
    issue = call.issue()
    name = call.part("transition")
    if name not in TRANSITIONS:
        raise missing("Transition")
    return answer(call.views.transition(issue, name, TRANSITIONS[name][1]))


async def execute(call: Call) -> web.Response:
    issue = call.issue("write")
    offered, name = _offered(issue), call.part("transition")
    if name not in offered:
        raise missing("Transition")
    call.must_not_be_locked(issue)
    body = await call.body()
    to = offered[name]
    fields = _fields(body)
    if to == "closed":
        lacking = [each for each in call.world.limits.closing_screen if not fields.get(each)]
        if lacking:
            raise Refused(422, errors=dict.fromkeys(lacking, "Required"))
    changed = _filling(call, issue).changed(issue, fields) | {"status": to}
    if to != "closed" and issue.values.get("resolution"):
        changed["resolution"] = None
    issue.resolved = call.world.now() if to == "closed" else None
    issue.status_since = call.world.now()
    _apply(call, issue, "IssueWorkflow", changed, comment=str(body.get("comment") or ""))
    return answer([call.views.transition(issue, each, status) for each, status in _offered(issue).items()])


async def move(call: Call) -> web.Response:
    issue = call.issue("write")
    queue = queue_of(call.world, call.query("queue"), call.user)
    call.must("create", queue)
    call.check_version(issue.version)
    issue.aliases.append(issue.key)
    queue.last += 1
    before, issue.queue, issue.key = issue.queue, queue.key, f"{queue.key}-{queue.last}"
    local = [name for name in issue.values if "--" in name]
    issue.values = {name: value for name, value in issue.values.items() if name not in local}
    issue.values["queue"] = queue.key
    call.touch(issue, "IssueMoved", [("queue", before, queue.key)])
    return answer(call.views.issue(issue))


async def clone(call: Call) -> web.Response:
    issue = call.issue()
    made = []
    for key in call.request.query.getall("queues"):
        queue = queue_of(call.world, key, call.user)
        call.must("create", queue)
        kept = {name: value for name, value in issue.values.items() if "--" not in name}
        made.append(_made(call, queue, {**kept, "queue": queue.key}))
    return answer([call.views.issue(each) for each in made])


# ----- finding


async def find_unique(call: Call) -> web.Response:
    found = call.world.issues.get(call.world.uniques.get(call.query("unique"), ""))
    if found is None:
        raise missing("Issue")
    call.must("read", call.world.queues[found.queue])
    return answer(call.views.issue(found))


async def count(call: Call) -> web.Response:
    return answer(len(_found(call, await call.body())))


async def search(call: Call) -> web.Response:
    if call.query("scrollId"):
        return _scrolled(call)
    body = await call.body()
    found = _found(call, body)
    if call.query("scrollType"):
        if body.get("keys") or body.get("queue"):
            raise Refused(400, ["Scroll is not supported."])
        scroll = call.world.hexadecimal()
        call.world.scrolls[scroll] = (call.world.now(), [issue.id for issue in found])
        return _scroll_page(call, scroll)
    return call.page(found, call.views.issue)


async def clear_scroll(call: Call) -> web.Response:
    for scroll in await call.body():
        call.world.scrolls.pop(scroll, None)
    return web.Response(status=204)


def _scrolled(call: Call) -> web.Response:
    scroll = call.query("scrollId")
    if scroll not in call.world.scrolls or call.query("scrollToken") != _token(scroll):
        raise Refused(403, ["Expired signature"])
    begun, _ = call.world.scrolls[scroll]
    lifetime = timedelta(milliseconds=call.number("scrollTTLMillis", 60_000))
    if call.world.now() - begun > min(lifetime, call.world.limits.scroll):
        raise Refused(403, ["Expired signature"])
    return _scroll_page(call, scroll)


def _scroll_page(call: Call, scroll: str) -> web.Response:
    size = call.number("perScroll", 100)
    _, ids = call.world.scrolls[scroll]
    shown, rest = ids[:size], ids[size:]
    headers = [("X-Total-Count", str(len(ids)))]
    if rest:
        call.world.scrolls[scroll] = (call.world.now(), rest)
        headers += [("X-Scroll-Id", scroll), ("X-Scroll-Token", _token(scroll))]
    else:
        del call.world.scrolls[scroll]
    return answer([call.views.issue(call.world.issues[each]) for each in shown], headers=headers)


def _token(scroll: str) -> str:
    return f"token-{scroll}"


def _found(call: Call, body: Json) -> list[Issue]:
    given = {name: value for name, value in body.items() if value is not None}
    ways = [name for name in ("keys", "queue", "query", "filter", "filterId") if name in given]
    if len(ways) > 1:
        raise Refused(400, ["You can only use keys, a queue, or a search query."])
    if "order" in given and ways not in ([], ["filter"]):
        raise Refused(400, ["The order belongs to a filter."])
    conditions = Conditions(call.world, call.user)
    condition, order = _meant(call, given, conditions)
    rows = [issue for issue in _visible(call) if condition(issue)]
    for name, ascending in reversed(order):
        _sort(rows, conditions, name, ascending=ascending)
    return rows


def _meant(call: Call, given: Json, conditions: Conditions) -> tuple[Condition, list[tuple[str, bool]]]:
    if "keys" in given:
        keys = given["keys"] if isinstance(given["keys"], list) else [given["keys"]]
        wanted = [issue.id for key in keys if (issue := call.world.issue(str(key)))]
        return (lambda issue: issue.id in wanted), []
    if "query" in given:
        parsed = parse(str(given["query"]), conditions)
        return parsed.condition, parsed.order
    if "queue" in given:
        return conditions.one_of("queue", [given["queue"]]), []
    together = [
        _filtered(conditions, conditions.name(name), value) for name, value in given.get("filter", {}).items()
    ]
    order = given.get("order", [])
    written = [order] if isinstance(order, str) else order
    sorting = [(conditions.name(each.lstrip("+-")), not each.startswith("-")) for each in written]
    return (lambda issue: all(each(issue) for each in together)), sorting


def _filtered(conditions: Conditions, name: str, value: Any) -> Condition:
    if isinstance(value, dict):
        return conditions.between(name, value.get("from"), value.get("to"))
    return conditions.one_of(name, value if isinstance(value, list) else [value])


def _visible(call: Call) -> list[Issue]:
    return [
        issue
        for issue in call.world.issues.values()
        if call.world.may("read", call.world.queues[issue.queue], call.user)
    ]


def _sort(rows: list[Issue], conditions: Conditions, name: str, *, ascending: bool) -> None:
    empty = [row for row in rows if conditions.value(row, name) is None]
    filled = [row for row in rows if conditions.value(row, name) is not None]
    filled.sort(key=lambda row: conditions.value(row, name), reverse=not ascending)
    rows[:] = filled + empty


def _fields(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in _EXTRAS}


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/issues", create),
    ("POST", "/issues/_search", search),
    ("POST", "/issues/_count", count),
    ("POST", "/issues/_findByUnique", find_unique),
    ("POST", "/system/search/scroll/_clear", clear_scroll),
    ("GET", "/issues/{issue}", show),
    ("PATCH", "/issues/{issue}", change),
    ("GET", "/issues/{issue}/transitions", transitions),
    ("GET", "/issues/{issue}/transitions/{transition}", transition),
    ("POST", "/issues/{issue}/transitions/{transition}/_execute", execute),
    ("POST", "/issues/{issue}/_move", move),
    ("POST", "/issues/{issue}/_clone", clone),
)
