"""What hangs on an issue: comments, files, links, the changelog, the worklog, the checklist."""

from __future__ import annotations

from aiohttp import BodyPartReader, web

from sekretar.sandbox.tracker.api_issues import add_comment, take_files
from sekretar.sandbox.tracker.call import Call, Handler, answer
from sekretar.sandbox.tracker.refusals import Refused, invalid, missing
from sekretar.sandbox.tracker.state import RELATIONSHIPS, Comment, File, Issue, Link
from sekretar.sandbox.tracker.views import moment

# ----- comments


async def comments(call: Call) -> web.Response:
    issue = call.issue()
    return call.after(issue.comments, lambda each: call.views.comment(issue, each), lambda each: str(each.id))


async def add(call: Call) -> web.Response:
    issue = call.issue()
    call.must_not_be_locked(issue)
    body = await call.body()
    email = body.get("email")
    text = str((email or body).get("text") or "")
    if not text:
        raise invalid("text", "Required")
    files = take_files(call, body.get("attachmentIds"))
    comment = add_comment(call, issue, text)
    comment.files, comment.email = files, bool(email)
    for file in files:
        call.world.files[file].issue = issue.id
    call.touch(issue, "IssueCommentAdded", comments=[comment.id])
    return answer(call.views.comment(issue, comment), 201)


async def show_comment(call: Call) -> web.Response:
    issue = call.issue()
    return answer(call.views.comment(issue, _comment(call, issue)))


async def change_comment(call: Call) -> web.Response:
    issue = call.issue()
    comment = _own_comment(call, issue)
    call.check_version(comment.version)
    comment.text = str((await call.body()).get("text", comment.text))
    comment.updated, comment.version = call.world.now(), comment.version + 1
    call.touch(issue, "IssueCommentUpdated")
    return answer(call.views.comment(issue, comment))


async def remove_comment(call: Call) -> web.Response:
    issue = call.issue()
    issue.comments.remove(_own_comment(call, issue))
    call.touch(issue, "IssueCommentRemoved")
    return web.Response(status=204)


def _comment(call: Call, issue: Issue) -> Comment:
    found = next((each for each in issue.comments if str(each.id) == call.part("comment")), None)
    if found is None:
        raise missing("Comment")
    return found


def _own_comment(call: Call, issue: Issue) -> Comment:
    comment = _comment(call, issue)
    if comment.by != call.user.uid:
        raise Refused(403, ["This is not your comment."])
    return comment


# ----- files


async def upload(call: Call) -> web.Response:
    return answer(call.views.file(await _received(call)), 201)


async def upload_to(call: Call) -> web.Response:
    issue = call.issue("write")
    file = await _received(call)
    file.issue = issue.id
    call.touch(issue, "IssueUpdated", [("attachments", None, file.name)])
    return answer(call.views.file(file), 201)


async def files(call: Call) -> web.Response:
    issue = call.issue()
    return answer([call.views.file(each) for each in call.world.files.values() if each.issue == issue.id])


async def content(call: Call) -> web.Response:
    file = _file(call)
    return web.Response(body=file.content, content_type=file.mimetype)


async def show_file(call: Call) -> web.Response:
    return answer(call.views.file(_file(call)))


async def remove_file(call: Call) -> web.Response:
    del call.world.files[_file(call).id]
    return web.Response(status=204)


async def _received(call: Call) -> File:
    """The part *file* of a multipart body; its name stands in the query."""
    if not call.request.content_type.startswith("multipart/"):
        raise Refused(422, ["The body is not multipart."])
    async for part in await call.request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            data = bytes(await part.read())
            if len(data) > call.world.limits.file_bytes:
                raise Refused(413, ["The file is too large."])
            name = call.query("filename") or part.filename or "file"
            kind = part.headers.get("Content-Type", "application/octet-stream")
            number = str(call.world.number())
            file = File(number, name, kind, data, call.user.uid, call.world.now())
            call.world.files[file.id] = file
            return file
    raise Refused(422, ["There is no part file."])


def _file(call: Call) -> File:
    file = call.world.files.get(call.part("file"))
    if file is None:
        raise missing("Attachment")
    if file.issue is None:
        if file.by != call.user.uid:
            raise missing("Attachment")
    else:
        call.must("read", call.world.queues[call.world.issues[file.issue].queue])
    return file


# ----- links


async def links(call: Call) -> web.Response:
    issue = call.issue()
    found = [each for each in call.world.links if issue.id in (each.inward, each.outward)]
    return answer([call.views.link(issue, each) for each in found])


async def link(call: Call) -> web.Response:
    issue = call.issue("write")
    body = await call.body()
    known = RELATIONSHIPS.get(str(body.get("relationship")))
    if known is None:
        raise invalid("relationship", "There is no such relationship.")
    other = call.world.issue(str(body.get("issue")))
    if other is None or other is issue:
        raise invalid("issue", "There is no such issue.")
    call.must("read", call.world.queues[other.queue])
    kind, direction = known
    outward, inward = (issue, other) if direction == "outward" else (other, issue)
    made = Link(call.world.number(), kind, outward.id, inward.id, call.user.uid, call.world.now())
    if any(_tied(each) == _tied(made) for each in call.world.links):
        raise Refused(422, ["The issues are linked already."])
    call.world.links.append(made)
    call.touch(issue, "IssueLinked")
    return answer(call.views.link(issue, made), 201)


async def show_link(call: Call) -> web.Response:
    issue = call.issue()
    return answer(call.views.link(issue, _link(call)))


async def remove_link(call: Call) -> web.Response:
    issue = call.issue("write")
    call.world.links.remove(_link(call))
    call.touch(issue, "IssueUnlinked")
    return web.Response(status=204)


def _link(call: Call) -> Link:
    found = next((each for each in call.world.links if str(each.id) == call.part("link")), None)
    if found is None:
        raise missing("Link")
    return found


def _tied(link: Link) -> tuple[str, frozenset[str] | tuple[str, str]]:
    pair = (link.outward, link.inward)
    return link.type, frozenset(pair) if link.type == "relates" else pair


# ----- lists


async def changelog(call: Call) -> web.Response:
    issue = call.issue()
    kind, field = call.query("type"), call.query("field")
    rows = [
        each
        for each in issue.changelog
        if kind in ("", each.kind) and (not field or any(name == field for name, _, _ in each.changes))
    ]
    if call.query("sort") == "desc":
        rows.reverse()
    return call.after(rows, lambda each: call.views.entered(issue, each), lambda each: each.id)


async def worklog(call: Call) -> web.Response:
    issue = call.issue()
    return answer(issue.worklog)


async def log_work(call: Call) -> web.Response:
    issue = call.issue("write")
    body = await call.body()
    lacking = [name for name in ("start", "duration") if not body.get(name)]
    if lacking:
        raise Refused(422, errors=dict.fromkeys(lacking, "Required"))
    number = call.world.number()
    entry = {
        "self": call.views.address("issues", issue.key, "worklog", number),
        "id": str(number),
        "version": 1,
        "issue": call.views.issue_reference(issue),
        "comment": body.get("comment", ""),
        "createdBy": call.views.user(call.user.uid),
        "createdAt": moment(call.world.now()),
        "start": body["start"],
        "duration": body["duration"],
    }
    issue.worklog.append(entry)
    call.touch(issue, "IssueWorklogAdded")
    return answer(entry, 201)


async def checklist(call: Call) -> web.Response:
    return answer(call.issue().checklist)


async def add_to_checklist(call: Call) -> web.Response:
    issue = call.issue("write")
    body = await call.body()
    if not body.get("text"):
        raise invalid("text", "Required")
    item = {"id": call.world.hexadecimal(), "text": body["text"], "checked": bool(body.get("checked"))}
    issue.checklist.append(item)
    call.touch(issue, "IssueUpdated")
    return answer({**call.views.issue(issue), "checklistItems": issue.checklist}, 201)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/issues/{issue}/comments", comments),
    ("POST", "/issues/{issue}/comments", add),
    ("GET", "/issues/{issue}/comments/{comment}", show_comment),
    ("PATCH", "/issues/{issue}/comments/{comment}", change_comment),
    ("DELETE", "/issues/{issue}/comments/{comment}", remove_comment),
    ("POST", "/attachments", upload),
    ("GET", "/attachments/{file}", show_file),
    ("DELETE", "/attachments/{file}", remove_file),
    ("GET", "/attachments/{file}/{name}", content),
    ("GET", "/issues/{issue}/attachments", files),
    ("POST", "/issues/{issue}/attachments", upload_to),
    ("GET", "/issues/{issue}/attachments/{file}", show_file),
    ("GET", "/issues/{issue}/attachments/{file}/{name}", content),
    ("GET", "/issues/{issue}/links", links),
    ("POST", "/issues/{issue}/links", link),
    ("GET", "/issues/{issue}/links/{link}", show_link),
    ("DELETE", "/issues/{issue}/links/{link}", remove_link),
    ("GET", "/issues/{issue}/changelog", changelog),
    ("GET", "/issues/{issue}/worklog", worklog),
    ("POST", "/issues/{issue}/worklog", log_work),
    ("GET", "/issues/{issue}/checklistItems", checklist),
    ("POST", "/issues/{issue}/checklistItems", add_to_checklist),
)
