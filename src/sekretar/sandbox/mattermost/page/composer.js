// Where a message is typed. A line that begins with "/" offers the team's commands while the word is being typed;
// after it the command's own hint stays in view, as Mattermost does for custom commands.

import { h } from "./dom.js";
import { t } from "./i18n.js";

// send(text) -> Promise; it rejects with the reason when the server did not take the text.
export class Composer {
  constructor(element, { id, commands, send }) {
    Object.assign(this, { element, commands, send });
    this.chosen = 0;
    this.list = h("ul", { class: "suggestions", role: "listbox", id: `${id}-suggestions`, hidden: true });
    this.error = h("p", { class: "post-error", role: "alert" });
    this.input = h("textarea", {
      id, rows: 1, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-suggestions`,
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onblur: () => this.#hide(),
    });
    this.button = h("button", { type: "submit", class: "send" }, "➤");
    element.replaceChildren(h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      this.error, this.list, h("div", { class: "composer-row" }, this.input, this.button)));
  }

  label(text) {
    this.input.placeholder = text;
    this.input.setAttribute("aria-label", text);
    this.input.title = t("typeHint");
    this.button.setAttribute("aria-label", t("send"));
    this.button.title = t("send");
    this.list.setAttribute("aria-label", t("commands"));
  }

  get draft() { return this.input.value; }

  set draft(text) {
    this.input.value = text;
    this.error.textContent = "";
    this.#typed();
    this.#hide();
  }

  async submit() {
    const text = this.input.value;
    if (!text.trim() || this.sending) return;
    this.sending = true;
    this.button.disabled = true;
    this.error.textContent = "";
    this.#hide();
    try {
      await this.send(text);
      if (this.input.value === text) this.draft = "";
    } catch (error) {
      this.error.textContent = t("notSent", { why: error.message });
    } finally {
      this.sending = false;
      this.button.disabled = false;
    }
  }

  #typed() {
    this.input.style.height = "auto";
    if (this.input.value) this.input.style.height = `${Math.min(this.input.scrollHeight, 180)}px`;
    const word = this.input.value.match(/^\/(\S*)$/);
    const call = this.input.value.match(/^\/(\S+)\s/);
    if (word) this.#offer(this.commands().filter((one) => one.trigger.startsWith(word[1].toLowerCase())), true);
    else if (call) this.#offer(this.commands().filter((one) => one.trigger === call[1].toLowerCase()), false);
    else this.#hide();
  }

  #offer(commands, choosable) {
    this.offered = choosable ? commands : [];
    this.chosen = 0;
    this.list.replaceChildren(...commands.map((command, index) => h("li", {
      role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); if (choosable) this.#take(command); },
    }, h("strong", {}, `/${command.trigger}`), " ", h("span", { class: "hint" }, command.auto_complete_hint || ""), h("span", { class: "quiet" }, command.auto_complete_desc || command.description || ""))));
    this.list.hidden = commands.length === 0;
    this.input.setAttribute("aria-expanded", String(commands.length > 0));
    this.#mark();
  }

  #mark() {
    [...this.list.children].forEach((item, index) => item.setAttribute("aria-selected", String(this.offered.length > 0 && index === this.chosen)));
    const active = this.offered.length && !this.list.hidden ? `${this.list.id}-${this.chosen}` : "";
    this.input.setAttribute("aria-activedescendant", active);
  }

  #hide() {
    this.offered = [];
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  #take(command) {
    this.input.value = `/${command.trigger} `;
    this.#typed();
    this.input.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const offered = this.list.hidden ? [] : this.offered ?? [];
    if (offered.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
      this.#mark();
    } else if (offered.length && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      this.#take(offered[this.chosen]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.#hide();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const typed = this.input.value.slice(1).toLowerCase();
      if (offered.length && offered[this.chosen].trigger !== typed) this.#take(offered[this.chosen]);
      else this.submit();
    }
  }
}
