// What frames the posts: where one is, what this page is, and whether the server is heard.

import { avatar, h } from "./dom.js";
import { emoji } from "./emoji.js";
import { t, untilTime } from "./i18n.js";
import { activeStatus, channelTitle, partner } from "./store.js";
import { withDot } from "./sidebar.js";

const $ = (id) => document.getElementById(id);

export function showHeader(state, openMenu) {
  const channel = state.channels.get(state.current);
  if (!channel) { $("header").replaceChildren(); return; }
  const other = channel.type === "D" ? partner(state, channel) : null;
  const sign = other ? withDot(avatar(other), other.bot ? null : state.statuses.get(other.id))
    : h("span", { class: "sign", "aria-hidden": "true" }, { P: "🔒", G: "⋯" }[channel.type] ?? "#");
  const next = h("header", { id: "header" }, h("button", { type: "button", class: "icon-button menu", "aria-label": t("menu"), onclick: openMenu }, "☰"), sign,
    h("div", { class: "header-text" }, h("h1", {}, channelTitle(state, channel), other?.bot && h("span", { class: "badge" }, t("bot"))),
      h("p", { class: "quiet" }, other ? aboutPerson(other) : channel.header || channel.purpose || "")));
  if (!$("header").isEqualNode(next)) $("header").replaceWith(next);
}

function aboutPerson(user) {
  const status = activeStatus(user);
  if (!status) return user.bot ? user.description : `@${user.username}`;
  return [emoji(status.emoji) ?? "💬", status.text, status.ends && untilTime(status.ends)].filter(Boolean).join(" ");
}

export function showNote(state) {
  const read = recall("note") === "read";
  $("note").hidden = read;
  if (read) return;
  const [first] = state.commands;
  const command = state.commands.find((one) => one.trigger === "calendar") ?? first;
  $("note").replaceChildren(h("span", {}, command ? t("note", { command: `/${command.trigger}` }) : t("noteShort")),
    h("button", { type: "button", class: "icon-button small", "aria-label": t("dismiss"), onclick: () => { remember("note", "read"); showNote(state); } }, "✕"));
}

// `connection` is "ok", "lost", or "back" for the moment after it returned.
export function showBanner(connection) {
  $("banner").hidden = connection === "ok";
  $("banner").className = connection;
  $("banner").textContent = { ok: "", lost: t("lost"), back: t("again") }[connection];
}

export function showTrouble(text) {
  $("banner").hidden = false;
  $("banner").className = "lost";
  $("banner").textContent = text;
}

function recall(key) {
  try { return localStorage.getItem(`sandbox.${key}`); } catch { return null; }
}

function remember(key, value) {
  try { localStorage.setItem(`sandbox.${key}`, value); } catch { /* private windows forget, which is their purpose */ }
}
