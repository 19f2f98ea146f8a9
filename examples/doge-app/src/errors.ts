import { describe, type Fields, type Log } from "./log.ts";
import type { Settings } from "./settings.ts";

export interface Errors {
  /** Logs an error that nobody expected, and posts it to ERROR_WEBHOOK where that is set. Never throws. */
  report(message: string, thrown: unknown, fields?: Fields): void;
}

export function errorReporting(settings: Settings, log: Log, send: typeof fetch = fetch): Errors {
  return {
    report(message, thrown, fields = {}) {
      const event = { ...fields, error: describe(thrown) };
      log.error(message, event);
      if (!settings.errorWebhook) return;
      const { environment, release, commit } = settings;
      void send(settings.errorWebhook, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ message, environment, release, commit, at: new Date().toISOString(), ...event }),
        signal: AbortSignal.timeout(5_000),
      }).catch((error: unknown) => log.warn("error report not sent", { reason: String(error) }));
    },
  };
}
