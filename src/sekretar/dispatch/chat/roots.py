"""Which incident a thread is about.

People answer a post within seconds, and in a rush it is written down moments later which message it is. Then the
post itself is read, which says so, too. As anybody may write what a post says of itself, rights are checked after.
"""

from __future__ import annotations

from sekretar.dispatch.chat.model import incident_of_card
from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.mattermost import sent
from sekretar.mattermost.delivery import KEY_PROP
from sekretar.mattermost.desk import Desk


async def incident_of_thread(chat: Desk, root_id: str) -> int | None:
    """The incident whose post this thread stands under; None for any other thread.

    Raises:
        PeerError: the post is not known yet, and Mattermost cannot be asked.
    """
    if not root_id:
        return None
    async with chat.database.reading() as session:
        known = await sent.by_post(session, root_id)
    if known is not None:
        return incident_of_card(known.key)
    try:
        post = await chat.server.post(root_id)
    except (PeerNotFound, PeerForbidden):
        return None
    return incident_of_card(str(post.props.get(KEY_PROP, "")))
