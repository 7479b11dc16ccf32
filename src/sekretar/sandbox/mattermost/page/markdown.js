// The part of Mattermost's markdown that integrations use, rendered straight into nodes. Whatever does not parse
// stays the text it was; links are made only for addresses that cannot run anything.

import { h, safeImage } from "./dom.js";
import { emoji } from "./emoji.js";

const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}_]/u;
const MAX_DEPTH = 12;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", mdash: "—", ndash: "–", hellip: "…" };

export function safeUrl(url) {
  const text = String(url ?? "").trim();
  if (/[\u0000-\u0020\u007f]/.test(text)) return null;
  return /^(https?:\/\/|mailto:|tel:|mattermost:\/\/)/i.test(text) ? text : null;
}

export function anchor(url, ...label) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, ...label);
}

// names: {mention(name) -> {label, me} | null, channel(name) -> label | null}
export function renderMarkdown(text, names) {
  const lines = String(text ?? "").replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n");
  return h("div", { class: "markdown" }, blocks(lines, names, 0));
}

export function renderInline(text, names) {
  return h("span", { class: "markdown-inline" }, inline(String(text ?? ""), names, 0, {}));
}

// ---- blocks ----

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+-]*)\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.+?)\s*#*$/;
const RULE = /^ {0,3}([-*_])( *\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const DIVIDER = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

function blocks(lines, names, depth) {
  const out = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) { at += 1; continue; }
    const [node, next] = block(lines, at, names, depth);
    out.push(node);
    at = next;
  }
  return out;
}

function block(lines, at, names, depth) {
  const line = lines[at];
  const fence = line.match(FENCE);
  if (fence) return fenced(lines, at, fence);
  const heading = line.match(HEADING);
  if (heading) return [h(`h${heading[1].length}`, {}, inline(heading[2], names, 0, {})), at + 1];
  if (RULE.test(line)) return [h("hr"), at + 1];
  if (QUOTE.test(line) && depth < MAX_DEPTH) return quote(lines, at, names, depth);
  if (ITEM.test(line) && depth < MAX_DEPTH) return list(lines, at, names, depth);
  if (isTable(lines, at)) return table(lines, at, names);
  return paragraph(lines, at, names);
}

function fenced(lines, at, fence) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(fence[1])) end += 1;
  const code = lines.slice(at + 1, end).join("\n");
  return [h("pre", {}, h("code", { "data-language": fence[2] || null }, code)), end + 1];
}

function quote(lines, at, names, depth) {
  let end = at;
  while (end < lines.length && lines[end].trim() && (QUOTE.test(lines[end]) || !startsBlock(lines, end))) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [h("blockquote", {}, blocks(inner, names, depth + 1)), end];
}

function list(lines, at, names, depth) {
  const first = lines[at].match(ITEM);
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const element = h(ordered ? "ol" : "ul", { start: ordered ? parseInt(first[2], 10) : null });
  while (at < lines.length) {
    const item = lines[at].match(ITEM);
    if (!item || item[1].length > indent + 1 || item[1].length < indent || /\d/.test(item[2]) !== ordered) break;
    let end = at + 1;
    while (end < lines.length && belongs(lines, end, indent)) end += 1;
    const outdented = lines.slice(at + 1, end).map((line) => line.slice(Math.min(line.search(/\S/), indent + 2)));
    const inner = [item[3], ...outdented];
    element.append(listItem(inner, names, depth));
    at = end;
    if (at + 1 < lines.length && !lines[at].trim() && ITEM.test(lines[at + 1])) at += 1;
  }
  return [element, at];
}

function belongs(lines, at, indent) {
  if (!lines[at].trim()) return false;
  const item = lines[at].match(ITEM);
  if (item) return item[1].length > indent + 1;
  return /^\s/.test(lines[at]) || !startsBlock(lines, at);
}

function listItem(inner, names, depth) {
  const task = inner[0].match(/^\[([ xX])\]\s+(.*)$/);
  if (task) inner[0] = task[2];
  const rest = inner.findIndex((line, index) => index > 0 && ITEM.test(line));
  const own = rest < 0 ? inner : inner.slice(0, rest);
  return h("li", { class: task ? "task" : null },
    task && h("input", { type: "checkbox", disabled: true, checked: task[1] !== " " }),
    inline(own.join("\n"), names, 0, {}),
    rest < 0 ? [] : blocks(inner.slice(rest), names, depth + 1));
}

function isTable(lines, at) {
  return lines[at].includes("|") && at + 1 < lines.length && lines[at + 1].includes("-")
    && DIVIDER.test(lines[at + 1]) && cells(lines[at]).length === cells(lines[at + 1]).length;
}

function cells(line) {
  const out = [""];
  for (let i = 0; i < line.length; i += 1) {
    if (line[i] === "\\" && i + 1 < line.length) { out[out.length - 1] += line[i] + line[i + 1]; i += 1; }
    else if (line[i] === "|") out.push("");
    else out[out.length - 1] += line[i];
  }
  if (!out[0].trim()) out.shift();
  if (out.length > 1 && !out[out.length - 1].trim()) out.pop();
  return out.map((cell) => cell.trim());
}

function table(lines, at, names) {
  const align = cells(lines[at + 1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "centre" : "right") : null);
  const row = (line, tag) => h("tr", {}, align.map((side, i) =>
    h(tag, { class: side && `align-${side}` }, inline(cells(line)[i] ?? "", names, 0, {}))));
  let end = at + 2;
  while (end < lines.length && lines[end].trim() && lines[end].includes("|")) end += 1;
  return [h("div", { class: "table-frame" }, h("table", {}, h("thead", {}, row(lines[at], "th")),
    h("tbody", {}, lines.slice(at + 2, end).map((line) => row(line, "td"))))), end];
}

function startsBlock(lines, at) {
  const line = lines[at];
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line) || isTable(lines, at);
}

function paragraph(lines, at, names) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !startsBlock(lines, end)) end += 1;
  return [h("p", {}, inline(lines.slice(at, end).join("\n"), names, 0, {})), end];
}

// ---- inline ----

const RULES = [escaped, codeSpan, image, link, angleLink, bareLink, strong, emphasis, struck, shortcode, mention, channelLink, lineBreak, entity];

// `missing` remembers delimiters that have no partner further on, so that a message of ten thousand asterisks
// is read once and not once for each asterisk.
function inline(text, names, depth, missing) {
  const out = [];
  let plain = "";
  for (let at = 0; at < text.length; ) {
    let found = null;
    if (!WORD.test(text[at]) || text[at] === "_" || text[at] === "h") {
      for (const rule of RULES) {
        found = rule(text, at, names, depth, missing);
        if (found) break;
      }
    }
    if (!found) { plain += text[at]; at += 1; continue; }
    if (typeof found[0] === "string") plain += found[0];
    else {
      if (plain) out.push(plain);
      plain = "";
      out.push(found[0]);
    }
    at = found[1];
  }
  if (plain) out.push(plain);
  return out;
}

function sticky(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function escaped(text, at) {
  return text[at] === "\\" && at + 1 < text.length && PUNCTUATION.test(text[at + 1]) ? [text[at + 1], at + 2] : null;
}

function codeSpan(text, at, _names, _depth, missing) {
  if (text[at] !== "`") return null;
  const run = sticky(/`+/y, text, at)[0];
  if (missing[run]) return [run, at + run.length];
  for (let end = text.indexOf(run, at + run.length); end >= 0; end = text.indexOf(run, end + 1)) {
    const close = sticky(/`+/y, text, end)[0];
    if (close.length === run.length) {
      const code = text.slice(at + run.length, end).replace(/\n/g, " ");
      return [h("code", {}, /^ .* $/.test(code) && code.trim() ? code.slice(1, -1) : code), end + run.length];
    }
    end += close.length - 1;
  }
  missing[run] = true;
  return [run, at + run.length];
}

// [label](address "title") from the position of "[": label, address, end.
function bracketed(text, at, missing) {
  if (missing["["]) return null;
  let level = 0;
  for (let i = at; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") level += 1;
    else if (text[i] === "]" && --level === 0) {
      const target = sticky(/\(\s*<?((?:\\.|[^\s()<>\\]|\([^\s()]*\))+)>?(?:\s+"[^"\n]*")?\s*\)/y, text, i + 1);
      if (!target) return null;
      return { label: text.slice(at + 1, i), url: target[1].replace(/\\([!-/:-@[-`{-~])/g, "$1"), end: i + 1 + target[0].length };
    }
  }
  missing["["] = true;
  return null;
}

function image(text, at, _names, _depth, missing) {
  if (text[at] !== "!" || text[at + 1] !== "[") return null;
  const parts = bracketed(text, at + 1, missing);
  const url = parts && safeImage(parts.url);
  return url ? [h("img", { src: url, alt: parts.label, class: "inline-image", loading: "lazy" }), parts.end] : null;
}

function link(text, at, names, depth, missing) {
  if (text[at] !== "[" || depth >= MAX_DEPTH) return null;
  const parts = bracketed(text, at, missing);
  const url = parts && safeUrl(parts.url);
  if (!url || !parts.label.trim()) return null;
  return [anchor(url, inline(parts.label, { ...names, inLink: true }, depth + 1, {})), parts.end];
}

function angleLink(text, at, names) {
  if (text[at] !== "<" || names?.inLink) return null;
  const match = sticky(/<((?:https?:\/\/|mailto:)[^\s<>]+)>/iy, text, at);
  return match ? [anchor(match[1], match[1]), at + match[0].length] : null;
}

function bareLink(text, at, names) {
  if (text[at] !== "h" || names?.inLink || (at > 0 && WORD.test(text[at - 1]))) return null;
  const match = sticky(/https?:\/\/[^\s<>"`|]+/iy, text, at);
  if (!match) return null;
  let url = match[0].replace(/[.,;:!?*_~'\]]+$/, "");
  while (url.endsWith(")") && url.split(")").length > url.split("(").length) url = url.slice(0, -1);
  return [anchor(url, url), at + url.length];
}

function delimited(text, at, mark, missing, mayClose) {
  const start = at + mark.length;
  if (!text.startsWith(mark, at) || missing[mark] || start >= text.length || /\s/.test(text[start])) return -1;
  for (let i = start + 1; i <= text.length - mark.length; i += 1) {
    if (text[i - 1] === "\\") { i += 1; continue; }
    if (text[i] === "`") {
      const end = text.indexOf("`", i + 1);
      if (end > 0) { i = end; continue; }
    }
    if (text.startsWith(mark, i) && !/\s/.test(text[i - 1]) && mayClose(i)) return i;
  }
  missing[mark] = true;
  return -1;
}

function wrapped(tag, text, at, mark, names, depth, missing, mayClose = () => true) {
  if (depth >= MAX_DEPTH) return null;
  const end = delimited(text, at, mark, missing, mayClose);
  if (end < 0) return null;
  return [h(tag, {}, inline(text.slice(at + mark.length, end), names, depth + 1, {})), end + mark.length];
}

const wordAt = (text, at) => at >= 0 && at < text.length && WORD.test(text[at]);

function strong(text, at, names, depth, missing) {
  if (text[at] === "*") return wrapped("strong", text, at, "**", names, depth, missing, (i) => text[i + 2] !== "*");
  if (text[at] !== "_" || wordAt(text, at - 1)) return null;
  return wrapped("strong", text, at, "__", names, depth, missing, (i) => !wordAt(text, i + 2));
}

function emphasis(text, at, names, depth, missing) {
  if (text[at] === "*" && text[at + 1] !== "*") {
    return wrapped("em", text, at, "*", names, depth, missing, (i) => text[i + 1] !== "*" && text[i - 1] !== "*");
  }
  if (text[at] !== "_" || wordAt(text, at - 1)) return null;
  return wrapped("em", text, at, "_", names, depth, missing, (i) => !wordAt(text, i + 1));
}

function struck(text, at, names, depth, missing) {
  return text[at] === "~" ? wrapped("del", text, at, "~~", names, depth, missing) : null;
}

function shortcode(text, at) {
  if (text[at] !== ":") return null;
  const match = sticky(/:([a-z0-9_+-]+):/y, text, at);
  const picture = match && emoji(match[1]);
  return picture ? [h("span", { class: "emoji", title: match[0], role: "img", "aria-label": match[1] }, picture), at + match[0].length] : null;
}

function mention(text, at, names) {
  if (text[at] !== "@" || wordAt(text, at - 1)) return null;
  const match = sticky(/@([a-z0-9][a-z0-9._-]*)/iy, text, at);
  if (!match) return null;
  const name = match[1].replace(/[.,_-]+$/, "");
  const known = names?.mention?.(name.toLowerCase());
  return known ? [h("span", { class: `mention ${known.me ? "mention-me" : ""}` }, `@${name}`), at + 1 + name.length] : null;
}

function channelLink(text, at, names) {
  if (text[at] !== "~" || wordAt(text, at - 1)) return null;
  const match = sticky(/~([a-z0-9][a-z0-9_-]*)/y, text, at);
  const label = match && names?.channel?.(match[1]);
  return label ? [h("span", { class: "mention" }, `~${label}`), at + match[0].length] : null;
}

function lineBreak(text, at) {
  return text[at] === "\n" ? [h("br"), at + 1] : null;
}

function entity(text, at) {
  if (text[at] !== "&") return null;
  const match = sticky(/&(?:#(\d{1,6})|([a-z]{2,6}));/y, text, at);
  if (!match) return null;
  const value = match[1] ? String.fromCodePoint(Math.min(Number(match[1]), 0x10ffff) || 0xfffd) : ENTITIES[match[2]];
  return value ? [value, at + match[0].length] : null;
}
