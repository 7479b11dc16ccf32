// The client as a whole: who is here, what the server says, what is on the page.
// Address: /?as=<username>&channel=<name or @username>

import { Api, Live, Outdated } from "./api.js";
import { Composer } from "./composer.js";
import { DialogBox } from "./dialog.js";
import { h } from "./dom.js";
import { showBanner, showHeader, showNote, showTrouble } from "./frame.js";
import { speak, t } from "./i18n.js";
import { safeUrl } from "./markdown.js";
import { PostList } from "./posts.js";
import { Reader } from "./reader.js";
import { Sidebar } from "./sidebar.js";
import * as store from "./store.js";

const STATUSES_EVERY = 5000;
const FIRST_PERSON = "anna";
const BOT = "sekretar";

const $ = (id) => document.getElementById(id);
const state = store.newState();
const api = new Api();
const reader = new Reader(api, state);
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
  showHeader(state, openMenu);
  showNote(state);
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

// ---- becoming somebody ----

async function become(username, place) {
  const user = await api.login(username, { anew: true });
  live?.close();
  closeMenu();
  Object.assign(state, { ...store.newState(), people: state.people });
  // The server's own pages, such as the one that asks for consent, are opened as the same person.
  document.cookie = `sandbox_person=${encodeURIComponent(username)}; path=/; SameSite=Lax`;
  reader.keepMe(user);
  composer.draft = "";
  dialog.forget();
  await reader.places();
  live = connect();
  const wanted = (place && (await find(place))) ?? (place ? null : await firstPlace()) ?? byName("town-square") ?? [...state.channels.keys()][0];
  if (wanted) await enter(wanted);
  changed();
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
  showBanner(state.connection);
  if (now === "ok") refresh().catch(() => {});
  if (returned) setTimeout(() => { if (state.connection === "back") { state.connection = "ok"; showBanner(state.connection); } }, 2500);
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

async function refresh() {
  await reader.places();
  if (state.current) await reader.posts(state.current);
  if (state.thread) await reader.thread(state.thread.root);
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
  await reader.posts(channelId);
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

async function showEarlier() {
  const [oldest] = store.inOrder([...store.channelPosts(state, state.current).values()].filter((post) => !post.ephemeral));
  const box = $("posts");
  const below = box.scrollHeight - box.scrollTop;
  await reader.posts(state.current, oldest?.id);
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
  await reader.thread(root);
  changed();
  threadComposer.input.focus();
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

function receive(event) {
  reader.events += 1;
  switch (event.event) {
    case "posted": posted(event); break;
    case "post_edited": case "post_deleted": case "ephemeral_message": store.applyPostEvent(state, event); break;
    case "reaction_added": case "reaction_removed": store.applyReaction(state, event); break;
    case "open_dialog": dialog.open(JSON.parse(event.data.dialog)); break;
    case "status_change": state.statuses.set(event.data.user_id, event.data.status); break;
    case "user_updated": userUpdated(event.data.user); break;
    default: if (PLACES_CHANGED.has(event.event)) reader.places().then(changed, () => {});
  }
}

function posted(event) {
  const post = store.applyPostEvent(state, event);
  reader.authors([post]).then(changed, () => {});
  if (!state.channels.has(post.channel_id)) { reader.places().then(changed, () => {}); return; }
  if (post.user_id === state.me.id && post.props?.from_webhook !== "true") return;
  if (post.channel_id === state.current) { view(post.channel_id); return; }
  const mentioned = event.data.channel_type === "D" || String(event.data.mentions ?? "").includes(`"${state.me.id}"`);
  store.countUnread(state, post.channel_id, mentioned);
}

function userUpdated(raw) {
  if (!raw?.id) return;
  if (raw.id === state.me.id) reader.keepMe({ ...raw, locale: raw.locale ?? state.me.locale, timezone: raw.timezone ?? { manualTimezone: state.me.zone } });
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
  showTrouble(t("failed", { why: event.reason?.status ? event.reason.message : t("unreachable") }));
});
$("shade").addEventListener("click", closeMenu);
setInterval(() => {
  if (state.me && state.connection !== "lost" && document.visibilityState === "visible") reader.statuses().then(changed, () => {});
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
