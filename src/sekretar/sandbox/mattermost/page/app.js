// The client as a whole: who is here, what the server says, what is on the page.
// Address: /?as=<username>&channel=<name or @username>

import { Api, Live, Outdated } from "./api.js";
import { Composer } from "./composer.js";
import { DialogBox } from "./dialog.js";
import { avatar, h } from "./dom.js";
import { emoji } from "./emoji.js";
import { speak, t, untilTime } from "./i18n.js";
import { safeUrl } from "./markdown.js";
import { PostList } from "./posts.js";
import { Sidebar, withDot } from "./sidebar.js";
import * as store from "./store.js";

const PAGE_SIZE = 60;
const STATUSES_EVERY = 5000;
const FIRST_PERSON = "anna";
const BOT = "sekretar";

const $ = (id) => document.getElementById(id);
const state = store.newState();
const api = new Api();
let live = null;

const act = { click, openThread, dismiss, become, enter, message, setState, clearStatus };
const sidebar = new Sidebar($("sidebar"), state, act);
const centre = new PostList($("posts"), state, act, { threaded: false });
const composer = new Composer($("composer"), { id: "message", commands: () => state.commands, send: (text) => send(text, "") });
const dialog = new DialogBox($("dialog"), state, (body) =>
  api.post("actions/dialogs/submit", { ...body, channel_id: state.current, team_id: state.team?.id ?? "" }));
const threadPosts = h("section", { class: "posts", role: "log", "aria-live": "polite", tabindex: "0" });
const threadComposerPlace = h("div");
const threadComposer = new Composer(threadComposerPlace, { id: "reply", commands: () => state.commands, send: (text) => send(text, state.thread.root) });
const thread = new PostList(threadPosts, state, act, { threaded: true });
const threadTitle = h("h2");
const threadClose = h("button", { type: "button", class: "icon-button", onclick: closeThread }, "✕");
$("thread").append(h("header", {}, threadTitle, threadClose), threadPosts, threadComposerPlace);

// ---- showing ----

let planned = false;

function changed() {
  if (planned) return;
  planned = true;
  queueMicrotask(() => { planned = false; show(); });
}

function show() {
  if (!state.me) return;
  sidebar.show();
  showHeader();
  showNote();
  const channel = state.channels.get(state.current);
  const name = store.channelTitle(state, channel);
  composer.label(channel ? t("write", { name }) : "");
  centre.show(store.centrePosts(state, state.current), { key: state.current, top: [topOfChannel()] });
  showThread();
  const unread = [...state.unread.values()].reduce((sum, one) => sum + one.mentions, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${name ? `${name} · ` : ""}${t("sandbox")}`;
}

function topOfChannel() {
  if (state.complete.get(state.current) === false) {
    return h("button", { type: "button", class: "action earlier", onclick: showEarlier }, t("earlier"));
  }
  const empty = state.complete.get(state.current) && store.centrePosts(state, state.current).length === 0;
  return h("div", { class: "beginning" }, empty ? h("p", { class: "quiet" }, t("empty")) : null);
}

function showHeader() {
  const channel = state.channels.get(state.current);
  if (!channel) { $("header").replaceChildren(); return; }
  const other = channel.type === "D" ? store.partner(state, channel) : null;
  const custom = store.activeStatus(other);
  const about = other ? [custom && `${emoji(custom.emoji) ?? "💬"} ${custom.text}`, custom?.ends && untilTime(custom.ends), !custom && (other.bot ? other.description : `@${other.username}`)]
    : [channel.header || channel.purpose];
  const sign = other ? withDot(avatar(other), other.bot ? null : state.statuses.get(other.id))
    : h("span", { class: "sign", "aria-hidden": "true" }, channel.type === "P" ? "🔒" : channel.type === "G" ? "⋯" : "#");
  const next = h("header", { id: "header" }, h("button", { type: "button", class: "icon-button menu", "aria-label": t("menu"), onclick: openMenu }, "☰"), sign,
    h("div", { class: "header-text" }, h("h1", {}, store.channelTitle(state, channel), other?.bot && h("span", { class: "badge" }, t("bot"))),
      h("p", { class: "quiet" }, about.filter(Boolean).join(" "))));
  if (!$("header").isEqualNode(next)) $("header").replaceWith(next);
}

function showNote() {
  const read = recall("note") === "read";
  $("note").hidden = read;
  if (read) return;
  const [first] = state.commands;
  const command = state.commands.find((one) => one.trigger === "calendar") ?? first;
  $("note").replaceChildren(h("span", {}, command ? t("note", { command: `/${command.trigger}` }) : t("noteShort")),
    h("button", { type: "button", class: "icon-button small", "aria-label": t("dismiss"), onclick: () => { remember("note", "read"); changed(); } }, "✕"));
}

function showThread() {
  $("thread").hidden = !state.thread;
  document.body.classList.toggle("with-thread", Boolean(state.thread));
  if (!state.thread) return;
  threadTitle.textContent = t("thread");
  $("thread").setAttribute("aria-label", t("thread"));
  threadClose.setAttribute("aria-label", t("close"));
  threadComposer.label(t("writeReply"));
  thread.show(store.threadPosts(state, state.thread.root), { key: state.thread.root });
}

function showBanner() {
  const lost = state.connection === "lost";
  $("banner").hidden = state.connection === "ok";
  $("banner").className = lost ? "lost" : "back";
  $("banner").textContent = state.connection === "ok" ? "" : t(lost ? "lost" : "again");
}

function recall(key) {
  try { return localStorage.getItem(`sandbox.${key}`); } catch { return null; }
}

function remember(key, value) {
  try { localStorage.setItem(`sandbox.${key}`, value); } catch { /* private windows forget, which is their purpose */ }
}

// ---- becoming somebody ----

async function become(username, place) {
  live?.close();
  document.body.classList.remove("nav-open");
  const draft = composer.draft;
  const user = await api.login(username, { anew: true });
  Object.assign(state, { ...store.newState(), people: state.people });
  keepMe(user);
  if (draft) composer.draft = "";
  await loadPlaces();
  live = connect();
  const wanted = (place && (await find(place))) ?? (place ? null : await firstPlace()) ?? byName("town-square") ?? [...state.channels.keys()][0];
  if (wanted) await enter(wanted);
  changed();
}

function keepMe(user) {
  const me = store.person(user);
  state.users.set(me.id, me);
  state.me = me;
  speak(me.locale, me.zone);
}

function connect() {
  return new Live({
    token: api.token,
    onEvent: (event) => { receive(event); changed(); },
    onHello: () => setConnection("ok"),
    onLost: () => setConnection("lost"),
    onRefused: () => renew().catch(() => {}),
  });
}

function setConnection(now) {
  const returned = state.connection === "lost" && now === "ok";
  state.connection = returned ? "back" : now;
  showBanner();
  if (now === "ok") refresh().catch(() => {});
  if (returned) setTimeout(() => { if (state.connection === "back") { state.connection = "ok"; showBanner(); } }, 2500);
}

// The sandbox may have been started anew: the same person, a new token.
let renewing = null;

function renew() {
  renewing ??= (async () => {
    const user = await api.login(state.me.username, { anew: false });
    if (user.id !== state.me.id) { location.reload(); return; }
    live?.close();
    live = connect();
  })().finally(() => { renewing = null; });
  return renewing;
}

async function loadPlaces() {
  const teams = await api.get("users/me/teams");
  state.team = teams[0] ?? null;
  const users = await api.get("users?per_page=200");
  for (const raw of users) state.users.set(raw.id, store.person(raw));
  keepMe(await api.get("users/me"));
  if (state.team) {
    const base = `users/me/teams/${state.team.id}/channels`;
    const [channels, members, commands] = await Promise.all([
      api.get(base), api.get(`${base}/members`), api.get(`teams/${state.team.id}/commands/autocomplete`).catch(() => []),
    ]);
    keepChannels(channels, members);
    state.commands = commands.filter((one) => one.auto_complete !== false).sort((a, b) => a.trigger.localeCompare(b.trigger));
  }
  await loadStatuses();
}

// The server tells of a status only to its owner; everybody else has to ask.
async function loadStatuses() {
  const ids = [...state.users.values()].filter((user) => !user.bot).map((user) => user.id);
  for (const one of await api.post("users/status/ids", ids)) state.statuses.set(one.user_id, one.status);
}

function keepChannels(channels, members) {
  state.channels = new Map(channels.filter((one) => !one.delete_at).map((one) => [one.id, one]));
  state.members = new Map(members.map((one) => [one.channel_id, one]));
  for (const channel of state.channels.values()) {
    const member = state.members.get(channel.id);
    const missed = member ? Math.max(0, channel.total_msg_count - member.msg_count) : 0;
    if (!missed || channel.id === state.current) state.unread.delete(channel.id);
    else state.unread.set(channel.id, { messages: missed, mentions: channel.type === "D" ? missed : member.mention_count ?? 0 });
  }
}

async function refresh() {
  await loadPlaces();
  if (state.current) await loadPosts(state.current);
  if (state.thread) await loadThread(state.thread.root);
  changed();
}

// ---- places ----

function byName(name) {
  return [...state.channels.values()].find((one) => one.name === name)?.id ?? null;
}

async function find(place) {
  if (!place.startsWith("@")) return byName(place);
  const user = [...state.users.values()].find((one) => one.username === place.slice(1).toLowerCase());
  return user ? direct(user.id) : null;
}

async function firstPlace() {
  const bots = [...state.users.values()].filter((user) => user.bot && user.active);
  const bot = bots.find((user) => user.username === BOT) ?? bots[0];
  return bot ? direct(bot.id) : null;
}

async function direct(userId) {
  const channel = await api.post("channels/direct", [state.me.id, userId]);
  if (!state.channels.has(channel.id)) state.channels.set(channel.id, channel);
  return channel.id;
}

async function message(userId) {
  await enter(await direct(userId));
}

async function enter(channelId) {
  if (state.current) state.notices.set(state.current, composer.draft);
  state.current = channelId;
  state.thread = null;
  state.unread.delete(channelId);
  document.body.classList.remove("nav-open");
  $("shade").hidden = true;
  composer.draft = state.notices.get(channelId) ?? "";
  rememberPlace();
  changed();
  await loadPosts(channelId);
  view(channelId);
  changed();
  if (window.matchMedia("(hover: hover)").matches && !$("dialog").open) composer.input.focus();
}

function rememberPlace() {
  const channel = state.channels.get(state.current);
  const other = channel?.type === "D" ? store.partner(state, channel) : null;
  const url = new URL(location.href);
  url.search = new URLSearchParams({ as: state.me.username, channel: other ? `@${other.username}` : channel?.name ?? "" }).toString().replaceAll("%40", "@");
  history.replaceState(null, "", url);
}

function view(channelId) {
  if (document.visibilityState === "visible") api.post("channels/members/me/view", { channel_id: channelId }).catch(() => {});
}

async function loadPosts(channelId, before = "") {
  const page = await settled(() => api.get(`channels/${channelId}/posts?per_page=${PAGE_SIZE}${before && `&before=${before}`}`));
  for (const post of Object.values(page.posts)) store.keepPost(state, post);
  if (before || !state.complete.has(channelId)) state.complete.set(channelId, page.order.length < PAGE_SIZE);
  await learnAuthors(Object.values(page.posts));
}

// An event that came while the server was answering may be newer than the answer: ask again.
async function settled(ask) {
  for (let attempt = 1; ; attempt += 1) {
    const events = eventsSeen;
    const answer = await ask();
    if (events === eventsSeen || attempt === 3) return answer;
  }
}

async function learnAuthors(posts) {
  const strangers = [...new Set(posts.map((post) => post.user_id))].filter((id) => id && !state.users.has(id));
  if (!strangers.length) return;
  for (const raw of await api.post("users/ids", strangers)) state.users.set(raw.id, store.person(raw));
}

async function showEarlier() {
  const [oldest] = store.inOrder([...store.channelPosts(state, state.current).values()].filter((post) => !post.ephemeral));
  const box = $("posts");
  const below = box.scrollHeight - box.scrollTop;
  await loadPosts(state.current, oldest?.id);
  show();
  box.scrollTop = box.scrollHeight - below;
}

function openMenu() {
  document.body.classList.add("nav-open");
  $("shade").hidden = false;
  $("sidebar").querySelector(".place[aria-current], .person")?.focus();
}

function closeMenu() {
  document.body.classList.remove("nav-open");
  $("shade").hidden = true;
}

// ---- threads ----

async function openThread(post) {
  const root = post.root_id || post.id;
  state.thread = { root, channel: post.channel_id };
  threadComposer.draft = "";
  changed();
  await loadThread(root);
  changed();
  threadComposer.input.focus();
}

async function loadThread(root) {
  const page = await settled(() => api.get(`posts/${root}/thread`));
  for (const post of Object.values(page.posts)) store.keepPost(state, post);
}

function closeThread() {
  state.thread = null;
  changed();
  composer.input.focus();
}

// ---- acting ----

async function send(text, root) {
  const place = state.current;
  if (text.startsWith("/")) {
    const answer = await api.post("commands/execute", { channel_id: place, team_id: state.team?.id ?? "", command: text.trimEnd(), ...(root && { root_id: root }) });
    goTo(answer?.goto_location);
    return;
  }
  store.keepPost(state, await api.post("posts", { channel_id: place, message: text, root_id: root, pending_post_id: `${state.me.id}:${Date.now()}` }));
  changed();
}

async function click(post, action, selected) {
  const key = `${post.id}:${action.id}`;
  if (state.busy.has(key)) return;
  state.busy.add(key);
  state.errors.delete(post.id);
  changed();
  try {
    const body = { ...(selected !== undefined && { selected_option: selected }), ...(action.cookie && { cookie: action.cookie }) };
    const answer = await api.post(`posts/${post.id}/actions/${action.id}`, body);
    goTo(answer?.goto_location);
  } catch (error) {
    state.errors.set(post.id, t("failed", { why: error.status ? error.message : t("unreachable") }));
  } finally {
    state.busy.delete(key);
    changed();
  }
}

function goTo(location) {
  if (!location) return;
  const inside = location.match(/^\/[\w-]+\/(?:channels|messages)\/(@?[\w.-]+)$/);
  if (inside) { find(inside[1]).then((id) => id && enter(id)).catch(() => {}); return; }
  const url = safeUrl(location);
  if (!url || !/^https?:/i.test(url)) return;
  const opened = window.open(url, "_blank");
  if (opened) opened.opener = null;
  else offerPage(url);
}

// A browser that blocks new windows gets the link as a note that only this person sees.
function offerPage(url) {
  const now = Date.now();
  store.keepPost(state, { id: `local${now}`, channel_id: state.current, user_id: "", create_at: now, update_at: now, root_id: "",
    type: "system_ephemeral", message: `[${t("openPage")}](${url})` }, true);
  changed();
}

function dismiss(post) {
  store.channelPosts(state, post.channel_id).delete(post.id);
  changed();
}

async function setState(name) {
  await api.put(`users/${state.me.id}/status`, { user_id: state.me.id, status: name });
  state.statuses.set(state.me.id, name);
  changed();
}

async function clearStatus() {
  await api.delete("users/me/status/custom");
  state.me.custom = null;
  changed();
}

// ---- events ----

const PLACES_CHANGED = new Set(["direct_added", "group_added", "channel_created", "channel_updated", "channel_deleted", "channel_converted",
  "user_added", "user_removed", "added_to_team", "leave_team", "new_user"]);

let eventsSeen = 0;

function receive(event) {
  eventsSeen += 1;
  switch (event.event) {
    case "posted": posted(event); break;
    case "post_edited": case "post_deleted": case "ephemeral_message": store.applyPostEvent(state, event); break;
    case "reaction_added": case "reaction_removed": store.applyReaction(state, event); break;
    case "open_dialog": dialog.open(JSON.parse(event.data.dialog)); break;
    case "status_change": state.statuses.set(event.data.user_id, event.data.status); break;
    case "user_updated": userUpdated(event.data.user); break;
    default: if (PLACES_CHANGED.has(event.event)) loadPlaces().then(changed, () => {});
  }
}

function posted(event) {
  const post = store.applyPostEvent(state, event);
  learnAuthors([post]).then(changed, () => {});
  if (!state.channels.has(post.channel_id)) { loadPlaces().then(changed, () => {}); return; }
  if (post.user_id === state.me.id && post.props?.from_webhook !== "true") return;
  if (post.channel_id === state.current) { view(post.channel_id); return; }
  const mentioned = event.data.channel_type === "D" || String(event.data.mentions ?? "").includes(`"${state.me.id}"`);
  store.countUnread(state, post.channel_id, mentioned);
}

function userUpdated(raw) {
  if (!raw?.id) return;
  if (raw.id === state.me.id) keepMe({ ...raw, locale: raw.locale ?? state.me.locale, timezone: raw.timezone ?? { manualTimezone: state.me.zone } });
  else state.users.set(raw.id, store.person(raw));
}

// ---- start ----

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("dialog").open) return;
  if (document.body.classList.contains("nav-open")) closeMenu();
  else if (state.thread) closeThread();
});
document.addEventListener("visibilitychange", () => { if (state.current) view(state.current); });
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Outdated) { event.preventDefault(); return; }
  $("banner").hidden = false;
  $("banner").className = "lost";
  $("banner").textContent = t("failed", { why: event.reason?.status ? event.reason.message : t("unreachable") });
});
$("shade").addEventListener("click", closeMenu);
setInterval(() => {
  if (state.me && state.connection !== "lost" && document.visibilityState === "visible") loadStatuses().then(changed, () => {});
  else changed();
}, STATUSES_EVERY);

async function start() {
  const asked = new URLSearchParams(location.search);
  speak(navigator.language);
  try {
    state.people = await api.people();
    const names = state.people.map((one) => one.username);
    const username = [asked.get("as"), FIRST_PERSON, names[0]].find((name) => names.includes(name));
    if (!username) { $("header").append(h("p", {}, t("noPeople"))); return; }
    api.renew = renew;
    await become(username, asked.get("channel"));
    document.body.dataset.ready = "true";
  } catch (error) {
    $("header").replaceChildren(h("p", { class: "post-error", role: "alert" }, t("cannotEnter", { why: error.message })));
  }
}

start();
