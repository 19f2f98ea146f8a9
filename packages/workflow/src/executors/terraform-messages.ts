import type { Diagnostic, DogeEvent, ResourceAction } from "@doge/core";

/** One line of `terraform plan -json` or `apply -json`: as far as we read it. */
interface Message {
  readonly type?: string;
  readonly "@message"?: string;
  readonly diagnostic?: {
    readonly severity: "error" | "warning";
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
    readonly range?: {
      readonly filename: string;
      readonly start: { readonly line: number; readonly column: number };
      readonly end: { readonly line: number; readonly column: number };
    };
    readonly snippet?: { readonly code?: string };
  };
  readonly hook?: {
    readonly resource?: { readonly addr: string };
    readonly action?: string;
    readonly id_value?: string;
    readonly elapsed_seconds?: number;
  };
  readonly changes?: { readonly add: number; readonly change: number; readonly remove: number };
}

export interface Heard {
  readonly event?: DogeEvent;
  readonly diagnostic?: Diagnostic;
  readonly counts?: { readonly add: number; readonly change: number; readonly destroy: number };
}

/** What a line says, in our own words; nothing where it is of no use to us. */
export function hear(line: string): Heard {
  let message: Message;
  try {
    message = JSON.parse(line) as Message;
  } catch {
    return {};
  }
  const address = message.hook?.resource?.addr ?? "";
  const action = actions[message.hook?.action ?? ""] ?? "no-op";
  switch (message.type) {
    case "diagnostic":
      return message.diagnostic ? { diagnostic: diagnosticOf(message.diagnostic) } : {};
    case "refresh_start":
      return { event: { type: "resource.refreshing", address } };
    case "apply_start":
      return { event: { type: "resource.started", address, action } };
    case "apply_progress":
      return { event: { type: "resource.waiting", address, message: message["@message"] ?? "" } };
    case "apply_complete": {
      const milliseconds = (message.hook?.elapsed_seconds ?? 0) * 1_000;
      const id = message.hook?.id_value;
      return { event: { type: "resource.finished", address, action, milliseconds, ...(id ? { id } : {}) } };
    }
    case "apply_errored":
      return { event: { type: "resource.failed", address, action, diagnostics: [] } };
    case "change_summary": {
      const { add = 0, change = 0, remove = 0 } = message.changes ?? {};
      return { counts: { add, change, destroy: remove } };
    }
    default:
      return {};
  }
}

const actions: Readonly<Record<string, ResourceAction>> = {
  create: "create",
  update: "update",
  delete: "delete",
  read: "read",
  replace: "replace",
};

function diagnosticOf(said: NonNullable<Message["diagnostic"]>): Diagnostic {
  const { severity, summary, detail, address, range, snippet } = said;
  return {
    severity,
    code: "terraform",
    summary,
    ...(detail ? { detail } : {}),
    ...(address ? { address } : {}),
    ...(range
      ? {
          range: {
            file: range.filename,
            start: { line: range.start.line, column: range.start.column },
            end: { line: range.end.line, column: range.end.column },
            ...(snippet?.code ? { excerpt: snippet.code } : {}),
          },
        }
      : {}),
  };
}
