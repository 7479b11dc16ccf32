// What this person's client knows, and how events change it. Nothing here touches the page.

export function newState() {
  return {
    people: [], me: null, team: null, users: new Map(), statuses: new Map(), channels: new Map(),
    unread: new Map(), posts: new Map(), complete: new Map(), commands: [], current: null, thread: null,
    busy: new Set(), errors: new Map(), notices: new Map(), connection: "ok",
  };
}

export function person(raw) {
  const full = [raw.first_name, raw.last_name].filter(Boolean).join(" ") || raw.nickname || "";
  return {
    id: raw.id, username: raw.username ?? "?", full, bot: Boolean(raw.is_bot), active: !raw.delete_at,
    locale: raw.locale, zone: zoneOf(raw.timezone), custom: customStatus(raw.props),
    description: raw.bot_description ?? "",
  };
}

function zoneOf(timezone) {
  if (!timezone) return undefined;
  return timezone.useAutomaticTimezone === "true" ? timezone.automaticTimezone : timezone.manualTimezone;
}

function customStatus(props) {
  try {
    const status = JSON.parse(props?.customStatus || "null");
    return status && (status.text || status.emoji) ? status : null;
  } catch {
    return null;
  }
}

// The custom status that is in force now; the zero time means "no end".
export function activeStatus(user, now = Date.now()) {
  const status = user?.custom;
  if (!status) return null;
  const end = Date.parse(status.expires_at ?? "");
  const ends = end > 0 ? end : null;
  return ends !== null && ends <= now ? null : { emoji: status.emoji, text: status.text ?? "", ends };
}

export function shownName(user) {
  return user?.full || (user ? user.username : "");
}

export function partner(state, channel) {
  const ids = channel.name.split("__");
  const other = ids.find((id) => id !== state.me.id) ?? state.me.id;
  return state.users.get(other);
}

export function channelTitle(state, channel) {
  if (!channel) return "";
  if (channel.type === "D") return shownName(partner(state, channel)) || channel.display_name || "?";
  return channel.display_name || channel.name;
}

export function channelPosts(state, channelId) {
  if (!state.posts.has(channelId)) state.posts.set(channelId, new Map());
  return state.posts.get(channelId);
}

export function keepPost(state, post, ephemeral = false) {
  const posts = channelPosts(state, post.channel_id);
  const known = posts.get(post.id);
  if (known && !ephemeral && known.update_at > post.update_at) return;
  posts.set(post.id, { ...post, ephemeral: ephemeral || Boolean(known?.ephemeral) });
}

export function inOrder(posts) {
  return [...posts].sort((a, b) => a.create_at - b.create_at || (a.id < b.id ? -1 : 1));
}

// The centre: replies stay in their threads, except what only this person sees. The answer to a click belongs to
// the thread of the clicked post, and nobody would look for it there.
export function centrePosts(state, channelId) {
  return inOrder([...channelPosts(state, channelId).values()].filter((post) => !post.root_id || post.ephemeral));
}

export function threadPosts(state, rootId) {
  const root = state.thread && channelPosts(state, state.thread.channel);
  if (!root) return [];
  return inOrder([...root.values()].filter((post) => post.id === rootId || post.root_id === rootId));
}

export function repliesOf(state, post) {
  const known = inOrder([...channelPosts(state, post.channel_id).values()]
    .filter((reply) => reply.root_id === post.id && !reply.delete_at && !reply.ephemeral));
  const users = [...new Set(known.map((reply) => reply.user_id))].slice(0, 3);
  return { count: Math.max(known.length, post.reply_count ?? 0), users, last: known.at(-1)?.create_at ?? post.last_reply_at };
}

// Events that carry a whole post as a JSON string.
export function applyPostEvent(state, event) {
  const post = JSON.parse(event.data.post);
  if (event.event === "post_deleted") {
    const known = channelPosts(state, post.channel_id).get(post.id);
    if (known) keepPost(state, { ...known, update_at: Math.max(post.update_at, known.update_at), delete_at: post.delete_at || Date.now() });
    return post;
  }
  keepPost(state, post, event.event === "ephemeral_message");
  return post;
}

export function applyReaction(state, event) {
  const reaction = JSON.parse(event.data.reaction);
  for (const posts of state.posts.values()) {
    const post = posts.get(reaction.post_id);
    if (!post) continue;
    const others = (post.metadata?.reactions ?? []).filter((one) => one.user_id !== reaction.user_id || one.emoji_name !== reaction.emoji_name);
    const reactions = event.event === "reaction_added" ? [...others, reaction] : others;
    posts.set(post.id, { ...post, metadata: { ...post.metadata, reactions } });
  }
}

export function countUnread(state, channelId, mentioned) {
  const known = state.unread.get(channelId) ?? { messages: 0, mentions: 0 };
  state.unread.set(channelId, { messages: known.messages + 1, mentions: known.mentions + (mentioned ? 1 : 0) });
}
