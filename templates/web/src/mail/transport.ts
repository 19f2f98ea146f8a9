import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { once } from "../once.ts";
import type { Settings } from "../settings.ts";
import type { Mail } from "./mail.ts";
// {{#if provider}}
import { {{mail}}Transport } from "./{{mail}}.ts";
// {{/if}}

export interface Transport {
  /** Resolves when the mail was accepted; rejects where it wasn't, and the job is tried again. */
  send(mail: Mail): Promise<void>;
}

export function createTransport({ mailUrl, mailFrom }: Pick<Settings, "mailUrl" | "mailFrom">): Transport {
  if (mailUrl.startsWith("folder:")) return folderTransport(mailUrl.slice("folder:".length), mailFrom);
  // {{#if provider}}
  if (mailUrl.startsWith("{{mail}}")) return {{mail}}Transport(mailUrl, mailFrom);
  // {{/if}}
  return smtpTransport(mailUrl, mailFrom);
}

function smtpTransport(url: string, from: string): Transport {
  const transporter = once(async () => (await import("nodemailer")).default.createTransport(url, { from }));
  return { send: async (mail) => void (await (await transporter()).sendMail(mail)) };
}

export interface StoredMail extends Mail {
  readonly id: string;
  readonly from: string;
  readonly at: string;
}

/** For development and tests: one JSON file a mail. */
function folderTransport(folder: string, from: string): Transport {
  return {
    async send(mail) {
      const at = new Date().toISOString();
      const id = `${at.replaceAll(/[:.]/g, "-")}-${randomUUID().slice(0, 8)}`;
      await mkdir(folder, { recursive: true });
      const stored: StoredMail = { id, from, at, ...mail };
      await writeFile(join(folder, `.${id}`), JSON.stringify(stored));
      await rename(join(folder, `.${id}`), join(folder, `${id}.json`));
    },
  };
}

/** Newest first. */
export async function storedMails(folder: string): Promise<readonly StoredMail[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /^[\w-]+\.json$/.test(name)).sort().reverse().slice(0, 100);
  return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as StoredMail));
}
