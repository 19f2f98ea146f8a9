import { html, raw } from "hono/html";
import type { PageContext } from "./context.ts";
import type { Html } from "./page.ts";

/** Messages by field; `form` is for the form as a whole. */
export type FieldErrors = Readonly<Record<string, string | undefined>>;

export interface Form {
  /** Trimmed, except passwords; "" where the field is missing. */
  text(name: string): string;
  checked(name: string): boolean;
  all(name: string): readonly string[];
  file(name: string): File | undefined;
}

export async function readForm(c: PageContext): Promise<Form> {
  const body = await c.req.parseBody({ all: true });
  const all = (name: string): readonly string[] =>
    [body[name] ?? []].flat().filter((value): value is string => typeof value === "string");
  return {
    all,
    text: (name) => (name.includes("password") ? (all(name)[0] ?? "") : (all(name)[0] ?? "").trim()),
    checked: (name) => all(name).length > 0,
    file(name) {
      const value = [body[name] ?? []].flat().find((entry) => entry instanceof File);
      return value instanceof File && value.size > 0 ? value : undefined;
    },
  };
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: "text" | "email" | "password" | "search" | "file" | "checkbox" | "textarea";
  readonly value?: string;
  readonly checked?: boolean;
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly help?: string;
  readonly maxlength?: number;
  readonly accept?: string;
  readonly inputmode?: "numeric";
  readonly autofocus?: boolean;
  /** Values and labels: a select, or with `multiple` a list of checkboxes. */
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly multiple?: readonly string[];
}

const flag = (name: string, on: boolean | undefined): Html | string => (on ? html`${raw(` ${name}`)}` : "");
const attribute = (name: string, value: string | number | undefined): Html | string =>
  value === undefined ? "" : html` ${raw(name)}="${value}"`;

function control(field: Field, described: string): Html {
  const { name, type = "text", value = "", options, multiple } = field;
  const shared = html`id="id_${name}" name="${name}"${attribute("aria-describedby", described || undefined)}${attribute("aria-invalid", described.includes("error") ? "true" : undefined)}${flag("required", field.required)}${flag("autofocus", field.autofocus)}${attribute("autocomplete", field.autocomplete)}`;
  if (options && !multiple) {
    return html`<select ${shared}>
      ${options.map(([key, label]) => html`<option value="${key}"${flag("selected", key === value)}>${label}</option>`)}
    </select>`;
  }
  if (type === "textarea") return html`<textarea ${shared} rows="4">${value}</textarea>`;
  if (type === "checkbox") return html`<input type="checkbox" ${shared} value="on"${flag("checked", field.checked)} />`;
  // A password is never sent back, a file can't be.
  const known = type === "password" || type === "file" ? undefined : value;
  return html`<input type="${type}" ${shared}${attribute("value", known)}${attribute("maxlength", field.maxlength)}${attribute("accept", field.accept)}${attribute("inputmode", field.inputmode)} />`;
}

/** A label, its control, its help and its error, tied together for screen readers. */
export function field(entry: Field, errors: FieldErrors = {}): Html {
  const { name, label, help, type, options, multiple } = entry;
  const error = errors[name];
  const described = [help ? `help_${name}` : "", error ? `error_${name}` : ""].filter(Boolean).join(" ");
  const notes = html`${help ? html`<small id="help_${name}">${help}</small>` : ""}${error ? html`<strong class="error" id="error_${name}">${error}</strong>` : ""}`;
  if (options && multiple) {
    return html`<fieldset>
      <legend>${label}</legend>
      ${options.map(
        ([key, text]) =>
          html`<label class="check"><input type="checkbox" name="${name}" value="${key}"${flag("checked", multiple.includes(key))} /> ${text}</label>`,
      )}
      ${notes}
    </fieldset>`;
  }
  if (type === "checkbox") return html`<div class="field"><label class="check">${control(entry, described)} ${label}</label>${notes}</div>`;
  return html`<div class="field"><label for="id_${name}">${label}</label>${control(entry, described)}${notes}</div>`;
}

export interface FormOptions {
  readonly action?: string;
  readonly button: string;
  readonly buttonClass?: string;
  readonly fields?: readonly Field[];
  readonly errors?: FieldErrors;
  /** Sent along unseen. */
  readonly hidden?: Readonly<Record<string, string | undefined>>;
  readonly files?: boolean;
  readonly name?: string;
}

export function form({ action, button, buttonClass, fields = [], errors = {}, hidden = {}, files, name }: FormOptions, more: Html | string = ""): Html {
  return html`<form method="post"${attribute("action", action)}${attribute("enctype", files ? "multipart/form-data" : undefined)} novalidate class="${fields.length > 0 ? "card" : "inline"}">
    ${errors["form"] ? html`<p class="message error" role="alert">${errors["form"]}</p>` : ""}
    ${Object.entries(hidden).map(([key, value]) => (value === undefined ? "" : html`<input type="hidden" name="${key}" value="${value}" />`))}
    ${fields.map((entry) => field(entry, errors))} ${more}
    <button class="${buttonClass ?? ""}"${attribute("name", name)}>${button}</button>
  </form>`;
}

/** What every form asks first: that nothing required is empty. */
export function requiredErrors(c: PageContext, entries: Form, names: readonly string[]): Record<string, string> {
  const t = c.get("t");
  return Object.fromEntries(names.filter((name) => entries.text(name) === "").map((name) => [name, t("This field is required.")]));
}

export const isEmail = (text: string): boolean => text.length <= 254 && /^[^\s@<>()",;:\\]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(text);
