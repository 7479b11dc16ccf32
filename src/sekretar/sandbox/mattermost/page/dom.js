// Elements are built, never parsed: text that people or integrations wrote only ever becomes a text node,
// so no message can bring markup into the page.

const AS_PROPERTY = new Set(["value", "checked", "disabled", "selected", "hidden", "required", "readOnly", "htmlFor"]);

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (AS_PROPERTY.has(name)) element[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Put `nodes` into `container` in this order and move only what must move: focus, open selects and the
// scroll position of untouched nodes survive.
export function arrange(container, nodes) {
  let cursor = container.firstChild;
  for (const node of nodes) {
    if (node === cursor) cursor = cursor.nextSibling;
    else container.insertBefore(node, cursor);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

const HUES = [212, 262, 322, 14, 34, 96, 152, 186, 240, 290];

export function avatar(user, size = "") {
  const name = user?.full || user?.username || "?";
  const words = name.replace(/[^\p{L}\p{N} ]/gu, " ").split(" ").filter(Boolean);
  const initials = (words.length > 1 ? words[0][0] + words[1][0] : name.slice(0, 2)).toUpperCase();
  let sum = 382;
  for (const letter of user?.username ?? name) sum = Math.imul(sum ^ letter.codePointAt(0), 16777619) >>> 0;
  const circle = h("span", { class: `avatar ${size} ${user?.bot ? "avatar-bot" : ""}`, "aria-hidden": "true" }, initials);
  circle.style.setProperty("--hue", HUES[(sum >>> 8) % HUES.length]);
  return circle;
}

// A colour from a message is used only when it is a plain hex colour or one of Slack's three words.
export function safeColour(colour) {
  const words = { good: "#2f8a4e", warning: "#d59b1c", danger: "#c94b44" };
  const text = String(colour ?? "").trim();
  return words[text] ?? (/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text) ? text : null);
}

export function safeImage(url) {
  return typeof url === "string" && /^https?:\/\//i.test(url) ? url : null;
}
