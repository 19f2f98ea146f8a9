import type { Log } from "./log.ts";
import { readSettings, SettingsError, type Settings } from "./settings.ts";

/** For programs: everything that is wrong with the environment as one line each, then the end. */
export function settingsOrExit(log: Log): Settings {
  try {
    return readSettings(process.env);
  } catch (thrown) {
    if (!(thrown instanceof SettingsError)) throw thrown;
    for (const trouble of thrown.message.split("\n")) log.error(trouble);
    process.exit(78); // EX_CONFIG
  }
}
