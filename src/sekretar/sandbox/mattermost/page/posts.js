// One list of posts, as the centre and the thread panel show it. A post is built anew only when something of
// it changed, so that a select that is open or a button that has the focus is left alone.

import { arrange, avatar, h, safeColour, safeImage } from "./dom.js";
import { emoji } from "./emoji.js";
import { clockTime, dayName, fullTime, replies, sameDay, spoken, t } from "./i18n.js";
import { anchor, renderInline, renderMarkdown, safeUrl } from "./markdown.js";
import { activeStatus, inOrder, repliesOf, shownName } from "./store.js";

const TOGETHER_MS = 5 * 60 * 1000;
// A button that works is not `disabled`: it would lose the keyboard's focus. A second click is ignored by `click`.
const BUSY = { "aria-busy": "true", "aria-disabled": "true" };

// act: {click(post, action, selected), openThread(post), dismiss(post)}
export class PostList {
  constructor(container, state, act, { threaded }) {
    Object.assign(this, { container, state, act, threaded });
    this.built = new Map();
    // A phone that is turned, or whose keyboard opens, still shows the newest.
    this.pinned = true;
    container.addEventListener("scroll", () => { this.pinned = this.#atBottom(); });
    new ResizeObserver(() => { if (this.pinned) container.scrollTop = container.scrollHeight; }).observe(container);
  }

  show(posts, { key, top = [] }) {
    if (this.key !== key) { this.built.clear(); this.key = key; }
    const atBottom = this.#atBottom();
    const wasEmpty = this.container.childElementCount === 0 || this.shownKey !== key;
    const focus = this.#focused();
    const nodes = [...top];
    const fresh = new Map();
    let previous = null;
    for (const post of posts) {
      if (!previous || !sameDay(previous.create_at, post.create_at)) nodes.push(this.#separator(post));
      const node = this.#node(post, follows(previous, post));
      fresh.set(post.id, node);
      nodes.push(node.element);
      previous = post;
    }
    this.built = fresh;
    this.shownKey = key;
    arrange(this.container, nodes);
    this.#restore(focus);
    if (atBottom || wasEmpty) this.container.scrollTop = this.container.scrollHeight;
  }

  #atBottom() {
    const box = this.container;
    return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  }

  #focused() {
    const active = document.activeElement;
    const post = this.container.contains(active) && active.closest(".post");
    return post ? { element: active, post: post.dataset.id, action: active.dataset.action } : null;
  }

  // Rebuilding a post would throw the keyboard back to the start of the page: stay on the same button, or on the
  // post when the button is gone.
  #restore(focus) {
    if (!focus || document.contains(focus.element)) return;
    const post = this.built.get(focus.post)?.element;
    const control = focus.action && [...(post?.querySelectorAll("[data-action]") ?? [])].find((one) => one.dataset.action === focus.action);
    (control && !control.disabled ? control : post)?.focus({ preventScroll: true });
  }

  #separator(post) {
    return h("div", { class: "day", role: "separator" }, h("span", {}, dayName(post.create_at)));
  }

  #node(post, compact) {
    const author = authorOf(this.state, post);
    const busy = [...this.state.busy].filter((key) => key.startsWith(`${post.id}:`));
    const summary = this.threaded ? null : repliesOf(this.state, post);
    const signature = JSON.stringify([post, compact, author, busy, this.state.errors.get(post.id), summary, spoken(),
      this.state.me.zone, this.state.users.size, this.state.channels.size, this.state.thread?.root === post.id]);
    const known = this.built.get(post.id);
    if (known?.signature === signature) return known;
    return { signature, element: this.#build(post, author, compact, summary) };
  }

  #build(post, author, compact, summary) {
    if (isSystem(post) && !post.ephemeral) return this.#systemLine(post);
    const gone = post.delete_at > 0;
    const error = this.state.errors.get(post.id);
    const when = h("time", { datetime: new Date(post.create_at).toISOString(), title: fullTime(post.create_at) }, clockTime(post.create_at));
    return h("article", {
      class: `post ${compact ? "compact" : ""} ${post.ephemeral ? "ephemeral" : ""}`,
      data: { id: post.id }, tabindex: "-1", "aria-label": `${author.name}, ${clockTime(post.create_at)}`,
    },
    h("div", { class: "gutter" }, compact ? when : avatar(author.user)),
    h("div", { class: "body" },
      !compact && h("div", { class: "byline" }, h("span", { class: "author" }, author.name),
        author.bot && h("span", { class: "badge" }, t("bot")), author.status, when),
      post.ephemeral && this.#onlyYou(post),
      gone ? h("p", { class: "quiet" }, t("deleted")) : this.#content(post),
      error && h("p", { class: "post-error", role: "alert" }, error),
      !gone && reactions(post, this.state),
      summary?.count > 0 && !gone && this.#repliesBar(post, summary)),
    !gone && !post.ephemeral && !this.threaded && this.#replyButton(post));
  }

  // Who joined and who left: news of a moment, one quiet line.
  #systemLine(post) {
    return h("article", { class: "post system", data: { id: post.id }, tabindex: "-1" }, h("div", { class: "gutter" }),
      h("div", { class: "body" }, renderInline(post.message, namesFor(this.state)), " ", h("time", {}, clockTime(post.create_at))));
  }

  #content(post) {
    const names = namesFor(this.state);
    const attachments = Array.isArray(post.props?.attachments) ? post.props.attachments : [];
    const text = post.message ? renderMarkdown(post.message, names) : null;
    if (text && post.edit_at > 0) {
      const last = text.lastElementChild;
      (last?.tagName === "P" ? last : text).append(h("span", { class: "edited" }, ` (${t("edited")})`));
    }
    return [text, attachments.filter((one) => one && typeof one === "object").map((one) => this.#attachment(post, one, names)),
      !text && post.edit_at > 0 && h("span", { class: "edited" }, `(${t("edited")})`)];
  }

  #attachment(post, data, names) {
    const colour = safeColour(data.color);
    const thumb = safeImage(data.thumb_url);
    const picture = safeImage(data.image_url);
    const card = h("div", { class: "attachment" },
      h("div", { class: "attachment-main" },
        (data.author_name || "") && h("div", { class: "attachment-author" }, icon(data.author_icon), linked(data.author_link, data.author_name)),
        data.title && h("div", { class: "attachment-title" }, linked(data.title_link, renderInline(data.title, { ...names, inLink: Boolean(data.title_link) }))),
        data.text && renderMarkdown(data.text, names),
        fields(data.fields, names),
        picture && h("img", { class: "attachment-image", src: picture, alt: data.fallback || data.title || "", loading: "lazy" }),
        data.footer && h("div", { class: "attachment-footer" }, icon(data.footer_icon), String(data.footer))),
      thumb && h("img", { class: "attachment-thumb", src: thumb, alt: "", loading: "lazy" }),
      this.#actions(post, data.actions));
    if (colour) card.style.setProperty("--bar", colour);
    return h("div", { class: "attachment-frame" }, data.pretext && renderMarkdown(data.pretext, names), card);
  }

  #actions(post, actions) {
    const usable = (Array.isArray(actions) ? actions : []).filter((action) => action?.id && action?.name);
    if (!usable.length) return null;
    return h("div", { class: "actions" }, usable.map((action) =>
      (action.type === "select" ? this.#select(post, action) : this.#button(post, action))));
  }

  #button(post, action) {
    const busy = this.state.busy.has(`${post.id}:${action.id}`);
    const button = h("button", {
      type: "button", class: `action ${styleClass(action.style)}`, data: { action: action.id }, title: action.tooltip || null,
      disabled: Boolean(action.disabled), ...(busy && BUSY),
      onclick: () => this.act.click(post, action, undefined),
    }, busy && h("span", { class: "spinner", "aria-hidden": "true" }), renderInline(action.name, { inLink: true }));
    const colour = /^#/.test(action.style ?? "") && safeColour(action.style);
    if (colour) button.style.setProperty("--own", colour);
    return button;
  }

  #select(post, action) {
    const busy = this.state.busy.has(`${post.id}:${action.id}`);
    return h("select", {
      class: "action-select", data: { action: action.id }, "aria-label": action.name, disabled: busy || Boolean(action.disabled),
      ...(busy && BUSY),
      onchange: (event) => event.target.value && this.act.click(post, action, event.target.value),
    }, h("option", { value: "" }, action.name), optionsFor(this.state, action)
      .map((option) => h("option", { value: option.value, selected: option.value === action.default_option }, option.text)));
  }

  #onlyYou(post) {
    return h("div", { class: "only-you" }, h("span", { "aria-hidden": "true" }, "👁 "), t("onlyYou"), " · ",
      h("button", { type: "button", class: "link", onclick: () => this.act.dismiss(post) }, t("dismiss")));
  }

  #replyButton(post) {
    return h("button", { type: "button", class: "reply", onclick: () => this.act.openThread(post) }, t("reply"));
  }

  #repliesBar(post, summary) {
    return h("button", { type: "button", class: "replies", onclick: () => this.act.openThread(post) },
      summary.users.map((id) => avatar(this.state.users.get(id), "tiny")), h("span", {}, replies(summary.count)),
      summary.last ? h("span", { class: "quiet" }, clockTime(summary.last)) : null);
  }
}

export function optionsFor(state, element) {
  if (element.data_source === "users") {
    return [...state.users.values()].filter((user) => user.active).map((user) => ({ value: user.id, text: `@${user.username}${user.full ? ` – ${user.full}` : ""}` }));
  }
  if (element.data_source === "channels") {
    return [...state.channels.values()].filter((channel) => "OP".includes(channel.type)).map((channel) => ({ value: channel.id, text: channel.display_name || channel.name }));
  }
  return (Array.isArray(element.options) ? element.options : []).map((option) => ({ value: String(option.value), text: String(option.text) }));
}

export function statusBadge(user) {
  const status = activeStatus(user);
  if (!status) return null;
  return h("span", { class: "custom-status", title: status.text, role: "img", "aria-label": status.text || status.emoji }, emoji(status.emoji) ?? "💬");
}

export function namesFor(state) {
  const byName = new Map([...state.users.values()].map((user) => [user.username, user]));
  return {
    mention: (name) => (["all", "here", "channel"].includes(name) ? { me: true } : byName.has(name) ? { me: name === state.me.username } : null),
    channel: (name) => [...state.channels.values()].find((channel) => channel.name === name)?.display_name ?? null,
  };
}

function authorOf(state, post) {
  const user = state.users.get(post.user_id);
  const hooked = post.props?.from_webhook === "true";
  if (hooked && post.props.override_username) {
    const name = String(post.props.override_username);
    const known = [...state.users.values()].find((one) => one.bot && one.username === name);
    return { name, bot: true, user: known ?? { username: name, full: name, bot: true } };
  }
  if (post.type === "system_ephemeral" && !hooked && !user?.bot) {
    return { name: t("system"), bot: false, user: { username: "system", full: t("system") } };
  }
  return { name: shownName(user) || "?", bot: hooked || Boolean(user?.bot), user, custom: activeStatus(user), get status() { return statusBadge(user); } };
}

function isSystem(post) {
  return String(post.type ?? "").startsWith("system_");
}

function follows(previous, post) {
  return Boolean(previous) && previous.user_id === post.user_id && post.create_at - previous.create_at < TOGETHER_MS
    && sameDay(previous.create_at, post.create_at) && previous.ephemeral === post.ephemeral && !isSystem(previous) && !isSystem(post)
    && previous.props?.override_username === post.props?.override_username;
}

function linked(url, label) {
  const safe = safeUrl(url);
  return safe ? anchor(safe, label) : h("span", {}, label);
}

function icon(url) {
  const safe = safeImage(url);
  return safe && h("img", { class: "icon", src: safe, alt: "" });
}

function styleClass(style) {
  if (/^#/.test(style ?? "")) return safeColour(style) ? "own-colour" : "";
  return ["primary", "success", "good", "warning", "danger"].includes(style) ? style : "";
}

function fields(list, names) {
  const usable = (Array.isArray(list) ? list : []).filter((field) => field && (field.title || field.value));
  if (!usable.length) return null;
  return h("dl", { class: "fields" }, usable.map((field) => h("div", { class: field.short ? "field short" : "field" },
    h("dt", {}, renderInline(field.title ?? "", names)), h("dd", {}, renderMarkdown(String(field.value ?? ""), names)))));
}

function reactions(post, state) {
  const list = Array.isArray(post.metadata?.reactions) ? inOrder(post.metadata.reactions) : [];
  if (!list.length) return null;
  const groups = new Map();
  for (const one of list) groups.set(one.emoji_name, [...(groups.get(one.emoji_name) ?? []), one.user_id]);
  return h("div", { class: "reactions" }, [...groups].map(([name, ids]) => h("span", {
    class: `reaction ${ids.includes(state.me.id) ? "mine" : ""}`, title: `:${name}: ${ids.map((id) => state.users.get(id)?.username ?? "?").join(", ")}`,
  }, emoji(name) ?? `:${name}:`, h("span", {}, String(ids.length)))));
}
