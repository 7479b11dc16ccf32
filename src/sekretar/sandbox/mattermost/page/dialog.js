// An interactive dialog. The browser's own <dialog> keeps the focus inside and gives Escape its meaning.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { renderMarkdown } from "./markdown.js";
import { namesFor, optionsFor } from "./posts.js";

const INPUT_TYPES = { email: "email", number: "number", password: "password", tel: "tel", url: "url" };

// submit(body) -> the integration's answer {errors, error, type, form}; it throws when it could not be asked.
export class DialogBox {
  constructor(element, state, submit) {
    Object.assign(this, { element, state, submit });
    element.addEventListener("cancel", (event) => { event.preventDefault(); this.cancel(); });
    element.addEventListener("click", (event) => { if (event.target === element) this.cancel(); });
  }

  open(request) {
    this.request = request;
    this.elements = (request.dialog.elements ?? []).map((element, index) => ({ ...element, inputId: `field-${index}` }));
    this.element.replaceChildren(this.#form());
    if (!this.element.open) this.element.showModal();
    (this.element.querySelector("[data-field]") ?? this.element.querySelector("button[type=submit]"))?.focus();
  }

  cancel() {
    if (this.busy || !this.element.open) return;
    this.element.close();
    if (this.request.dialog.notify_on_cancel) this.submit(this.#body({ submission: {}, cancelled: true })).catch(() => {});
  }

  // The person left: the dialog was theirs.
  forget() {
    if (this.element.open) this.element.close();
  }

  #body(rest) {
    const { url, dialog } = this.request;
    return { type: "dialog_submission", url, callback_id: dialog.callback_id ?? "", state: dialog.state ?? "", ...rest };
  }

  #form() {
    const { dialog } = this.request;
    const names = namesFor(this.state);
    return h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#send(); } },
      h("header", {}, h("h2", { id: "dialog-title" }, dialog.title ?? ""),
        h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: () => this.cancel() }, "✕")),
      h("div", { class: "dialog-body" },
        dialog.introduction_text && h("div", { class: "introduction" }, renderMarkdown(dialog.introduction_text, names)),
        this.elements.map((element) => this.#field(element, names))),
      h("footer", {},
        h("p", { class: "general-error", role: "alert" }),
        h("button", { type: "button", class: "action", onclick: () => this.cancel() }, t("cancel")),
        h("button", { type: "submit", class: "action primary" }, dialog.submit_label || t("submit"))));
  }

  #field(element, names) {
    const { inputId } = element;
    const grouped = element.type === "radio";
    const label = [element.display_name, element.optional
      ? h("span", { class: "quiet" }, ` (${t("optional")})`) : h("span", { class: "star", "aria-hidden": "true" }, " *")];
    return h(grouped ? "fieldset" : "div", { class: `dialog-field kind-${grouped ? "radio" : element.type}`, data: { name: element.name } },
      grouped ? h("legend", {}, label) : h("label", { htmlFor: inputId }, label),
      this.#control(element),
      element.help_text && h("div", { class: "help", id: `${inputId}-help` }, renderMarkdown(element.help_text, names)),
      h("p", { class: "field-error", id: `${inputId}-error`, role: "alert" }));
  }

  #control(element) {
    const common = { id: element.inputId, data: { field: element.name }, "aria-describedby": `${element.inputId}-help ${element.inputId}-error`,
      "aria-required": element.optional ? null : "true" };
    const value = element.default ?? "";
    switch (element.type) {
      case "textarea":
        return h("textarea", { ...common, rows: 4, placeholder: element.placeholder, maxlength: element.max_length || 3000, value });
      case "select":
        return h("select", common, h("option", { value: "" }, element.placeholder || emptyChoice(element)),
          optionsFor(this.state, element).map((option) => h("option", { value: option.value, selected: option.value === value }, option.text)));
      case "bool":
        return h("span", { class: "checkbox" }, h("input", { ...common, type: "checkbox", checked: String(value) === "true" }),
          h("label", { htmlFor: element.inputId }, element.placeholder || element.display_name));
      case "radio":
        return h("div", { class: "radios" }, optionsFor(this.state, element).map((option, index) => h("label", {},
          h("input", { type: "radio", name: element.inputId, value: option.value, checked: option.value === value,
            data: index === 0 ? { field: element.name } : {} }), ` ${option.text}`)));
      default:
        return h("input", { ...common, type: INPUT_TYPES[element.subtype] ?? "text", placeholder: element.placeholder,
          maxlength: element.max_length || 150, autocomplete: element.subtype === "password" ? "new-password" : "off", value });
    }
  }

  // What official clients send: an untouched empty field is null, a number is a number, a tick is a boolean.
  #value(element) {
    if (element.type === "radio") return this.element.querySelector(`input[name="${element.inputId}"]:checked`)?.value ?? null;
    const control = this.element.querySelector(`#${element.inputId}`);
    if (element.type === "bool") return control.checked;
    if (element.subtype === "number" && control.value !== "") return Number(control.value);
    return control.value === "" ? null : control.value;
  }

  async #send() {
    if (this.busy) return;
    const submission = {};
    const errors = {};
    for (const element of this.elements) {
      const value = this.#value(element);
      submission[element.name] = value;
      const wrong = this.#check(element, value);
      if (wrong) errors[element.name] = wrong;
    }
    this.#showErrors(errors, "");
    if (Object.keys(errors).length) return;
    this.#setBusy(true);
    let answer;
    try {
      answer = await this.submit(this.#body({ submission, cancelled: false }));
    } catch (error) {
      answer = { error: t("failed", { why: error.message }) };
    }
    this.#setBusy(false);
    this.#finish(answer ?? {});
  }

  #finish(answer) {
    const wrong = answer.errors ?? {};
    if (answer.error || Object.keys(wrong).length) {
      const shown = new Set(this.elements.map((element) => element.name));
      const stray = Object.entries(wrong).filter(([name]) => !shown.has(name)).map(([, text]) => text);
      this.#showErrors(wrong, [answer.error, ...stray].filter(Boolean).join(" "));
    } else if (answer.type === "form" && answer.form) {
      this.open({ url: this.request.url, dialog: answer.form });
    } else {
      this.element.close();
    }
  }

  #check(element, value) {
    if (element.type === "bool") return null;
    if (value === null) {
      const control = this.element.querySelector(`#${element.inputId}`);
      if (control?.validity?.badInput) return t("notNumber");
      return element.optional ? null : t("required");
    }
    if (element.min_length > 0 && String(value).length < element.min_length) return t("tooShort", { count: element.min_length });
    if (element.subtype === "number" && !Number.isFinite(value)) return t("notNumber");
    if (element.subtype === "email" && !String(value).includes("@")) return t("notEmail");
    if (element.subtype === "url" && !/^https?:\/\//i.test(value)) return t("notUrl");
    return null;
  }

  #showErrors(errors, general) {
    this.element.querySelector(".general-error").textContent = general;
    let first = null;
    for (const element of this.elements) {
      const text = Object.hasOwn(errors, element.name) ? String(errors[element.name]) : "";
      const place = this.element.querySelector(`#${element.inputId}-error`);
      place.textContent = text;
      const box = place.closest(".dialog-field");
      box.classList.toggle("wrong", Boolean(text));
      const control = box.querySelector("[data-field]");
      control?.setAttribute("aria-invalid", text ? "true" : "false");
      if (text) first ??= control;
    }
    first?.focus();
  }

  #setBusy(busy) {
    this.busy = busy;
    const button = this.element.querySelector("button[type=submit]");
    button.disabled = busy;
    button.setAttribute("aria-busy", String(busy));
  }
}

function emptyChoice(element) {
  return { users: t("sourceUsers"), channels: t("sourceChannels") }[element.data_source] ?? t("choose");
}
