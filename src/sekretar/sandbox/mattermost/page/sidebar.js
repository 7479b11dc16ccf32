// Who I am, where I can go, and who is here.

import { avatar, h } from "./dom.js";
import { emoji } from "./emoji.js";
import { t, untilTime } from "./i18n.js";
import { activeStatus, channelTitle, partner, shownName } from "./store.js";
import { statusBadge } from "./posts.js";

// act: {become(username), enter(channelId), message(userId), setState(name), clearStatus()}
export class Sidebar {
  constructor(element, state, act) {
    Object.assign(this, { element, state, act });
    this.who = h("section", { class: "who" });
    this.places = h("nav", { class: "places" });
    element.append(h("div", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), h("span", { class: "brand-name" })), this.who, this.places);
  }

  show() {
    this.element.querySelector(".brand-name").textContent = t("sandbox");
    this.element.setAttribute("aria-label", t("sandbox"));
    this.#draw(this.who, this.#people());
    this.#draw(this.places, this.#lists());
  }

  // A part that would look the same is left alone, so that an open select stays open.
  #draw(container, nodes) {
    const next = h(container.tagName, { class: container.className }, nodes);
    if (container.isEqualNode(next)) return;
    const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    container.replaceChildren(...next.childNodes);
    if (key) [...container.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus({ preventScroll: true });
  }

  #people() {
    const { state } = this;
    const me = state.me;
    return [
      h("div", { class: "you" }, withDot(avatar(me, "large"), state.statuses.get(me.id)),
        h("div", { class: "you-text" }, h("span", { class: "quiet" }, t("youAre")), h("strong", { class: "you-name" }, me.username),
          me.full && h("span", { class: "quiet you-full" }, me.full))),
      this.#myStatus(me),
      h("div", { class: "switch", role: "group", "aria-label": t("youAre") }, state.people.map((one) => h("button", {
        type: "button", class: "person", data: { key: `be-${one.username}` }, "aria-pressed": String(one.username === me.username),
        title: one.name || one.username, onclick: () => one.username !== me.username && this.act.become(one.username),
      }, avatar({ username: one.username, full: one.name }, "tiny"), one.username))),
    ];
  }

  #myStatus(me) {
    const custom = activeStatus(me);
    const current = this.state.statuses.get(me.id) ?? "offline";
    const known = ["online", "away", "dnd", "offline"];
    return h("div", { class: "my-status" },
      custom && h("div", { class: "my-custom" }, h("span", { "aria-hidden": "true" }, emoji(custom.emoji) ?? "💬"),
        h("span", { class: "my-custom-text" }, custom.text, custom.ends && h("span", { class: "quiet" }, ` ${untilTime(custom.ends)}`)),
        h("button", { type: "button", class: "icon-button small", data: { key: "clear" }, "aria-label": t("clearStatus"), title: t("clearStatus"), onclick: () => this.act.clearStatus() }, "✕")),
      h("select", { "aria-label": t("state"), data: { key: "state", current }, onchange: (event) => this.act.setState(event.target.value) },
        [...known, ...(known.includes(current) ? [] : [current])].map((name) => h("option", { value: name, selected: name === current }, t(name)))));
  }

  #lists() {
    const { state } = this;
    const channels = [...state.channels.values()];
    const named = channels.filter((one) => "OP".includes(one.type)).sort(byTitle(state));
    const groups = channels.filter((one) => one.type === "G");
    const talkedTo = new Map(channels.filter((one) => one.type === "D").map((one) => [partner(state, one)?.id, one]));
    const people = [...state.users.values()].filter((user) => user.active && user.id !== state.me.id)
      .sort((a, b) => Number(b.bot) - Number(a.bot) || shownName(a).localeCompare(shownName(b)));
    return [
      h("h2", {}, t("channels")), h("ul", {}, named.map((one) => this.#channel(one, h("span", { class: "sign", "aria-hidden": "true" }, one.type === "P" ? "🔒" : "#")))),
      h("h2", {}, t("direct")), h("ul", {}, groups.map((one) => this.#channel(one, h("span", { class: "sign", "aria-hidden": "true" }, "⋯"))),
        people.map((user) => this.#direct(user, talkedTo.get(user.id)))),
    ];
  }

  #channel(channel, sign) {
    return h("li", {}, this.#place(channel, sign, channelTitle(this.state, channel), null, () => this.act.enter(channel.id), channel.id));
  }

  #direct(user, channel) {
    const sign = withDot(avatar(user, "tiny"), user.bot ? null : this.state.statuses.get(user.id));
    const extra = [user.bot && h("span", { class: "badge" }, t("bot")), statusBadge(user)];
    return h("li", {}, this.#place(channel, sign, shownName(user), extra, () => (channel ? this.act.enter(channel.id) : this.act.message(user.id)), user.id));
  }

  #place(channel, sign, title, extra, go, key) {
    const unread = channel && this.state.unread.get(channel.id);
    const news = unread?.messages > 0;
    return h("button", {
      type: "button", class: `place ${news ? "unread" : ""}`, data: { key }, "aria-current": channel && channel.id === this.state.current ? "page" : null, onclick: go,
    }, sign, h("span", { class: "place-title" }, title), extra,
    news && h("span", { class: unread.mentions ? "count mentioned" : "count" }, unread.mentions ? String(unread.mentions) : "", h("span", { class: "unseen" }, t("newLabel"))));
  }
}

export function withDot(picture, status) {
  return h("span", { class: "with-dot" }, picture, status && h("span", { class: `dot ${status}`, role: "img", "aria-label": t(status in DOTS ? status : "offline"), title: t(status in DOTS ? status : "offline") }));
}

const DOTS = { online: 1, away: 1, dnd: 1, offline: 1, ooo: 1 };

function byTitle(state) {
  return (a, b) => channelTitle(state, a).localeCompare(channelTitle(state, b));
}
