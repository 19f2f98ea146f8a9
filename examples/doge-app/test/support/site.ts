import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Hono } from "hono";
import pg from "pg";
import { createApp } from "../../src/app.ts";
import { createUser } from "../../src/accounts/create-user.ts";
import { composeServices } from "../../src/compose.ts";
import { createTasks, type Tasks } from "../../src/jobs/tasks.ts";
import { jsonLog } from "../../src/log.ts";
import { storedMails, type StoredMail } from "../../src/mail/transport.ts";
import type { Services } from "../../src/services.ts";
import { readSettings, type Settings } from "../../src/settings.ts";
import type { Env } from "../../src/web/context.ts";

export interface Site {
  readonly app: Hono<Env>;
  readonly services: Services;
  readonly settings: Settings;
  /** Log lines as objects. */
  readonly lines: readonly Record<string, unknown>[];
  /** Another app on the same database and folders. */
  with(env: Record<string, string>): Site;
  /** Runs what is queued, then answers with the mails sent so far, newest first. */
  mails(): Promise<readonly StoredMail[]>;
  /** The link in the newest mail to an address, as a path. */
  link(to: string): Promise<string>;
  /** A user with the password `password`; "Wow7-such-entropy" unless told. */
  user(name: string, more?: { isStaff?: boolean; isSuperuser?: boolean; password?: string }): Promise<string>;
}

export const password = "Wow7-such-entropy";

/** A whole site of its own: a fresh copy of the database, an empty mailbox. Gone when the test file ends. */
export async function makeSite(env: Record<string, string> = {}): Promise<Site> {
  const base = process.env["TEST_DATABASE_URL"];
  if (!base) throw new Error("run the tests by `npm test`: test/support/setup.ts starts their database");
  const name = `app_test_${randomBytes(6).toString("hex")}`;
  const admin = new pg.Client({ connectionString: base });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${process.env["TEST_DATABASE_TEMPLATE"]}`);
  const folder = mkdtempSync(join(tmpdir(), "app-test-"));
  const url = new URL(base);
  url.pathname = `/${name}`;
  const closing: (() => Promise<void>)[] = [];
  after(async () => {
    for (const close of closing) await close();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  });

  function compose(more: Record<string, string>): Site {
    const all = {
      DATABASE_URL: url.href,
      SITE_URL: "https://app.test",
      MAIL_URL: `folder:${folder}/mailbox`,
      STORAGE_URL: `folder:${folder}/media`,
      ...env,
      ...more,
    };
    const settings = readSettings(all);
    const lines: Record<string, unknown>[] = [];
    const services = composeServices(settings, jsonLog((line) => lines.push(JSON.parse(line) as Record<string, unknown>)));
    closing.push(() => services.close());
    const tasks = createTasks(services);
    const mails = async (): Promise<readonly StoredMail[]> => {
      await runJobs(services, tasks);
      return storedMails(`${folder}/mailbox`);
    };
    return {
      app: createApp(services),
      services,
      settings,
      lines,
      with: compose,
      mails,
      async link(to) {
        const mail = (await mails()).find((entry) => entry.to === to);
        const found = /https?:\/\/[^\s]+/.exec(mail?.text ?? "");
        if (!found) throw new Error(`no mail with a link was sent to ${to}`);
        return new URL(found[0]).pathname;
      },
      user: (username, { password: secret = password, ...rights } = {}) =>
        createUser(services.db, { username, email: `${username}@example.com`, password: secret, ...rights }),
    };
  }
  return compose({});
}

/** What the worker does, at once: takes every queued job and runs it. */
async function runJobs(services: Services, tasks: Tasks): Promise<void> {
  const { runOnce, Logger } = await import("graphile-worker");
  await runOnce({
    pgPool: services.database.pool,
    noHandleSignals: true,
    logger: new Logger(() => () => {}),
    taskList: Object.fromEntries(
      Object.entries(tasks).map(([name, task]) => [name, (payload: unknown) => (task as (p: unknown) => Promise<void>)(payload)]),
    ),
  });
}
