import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";

const places = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Where a Chromium is; without one, browser tests are skipped and say so. */
export const chromium = places.find((path) => path && existsSync(path));

export async function openBrowser(): Promise<Browser> {
  const { chromium: launcher } = await import("playwright-core");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run"];
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await launcher.launch({ executablePath: chromium ?? "", args: [...quiet, ...root] });
  after(() => browser.close());
  return browser;
}

/** The server as production starts it, on a port of its own. */
export async function startServer(env: Record<string, string>): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
  const url = `http://localhost:${port}`;
  const child = spawn(process.execPath, ["src/server.ts"], {
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"] ?? "", PORT: String(port), SITE_URL: url, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.resume();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${url}/readyz`).then((r) => r.ok, () => false);
    if (ready) break;
    if (child.exitCode !== null || tries > 600) throw new Error("the server did not start");
    await wait(50);
  }
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "app-browser-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe-core has against the page: WCAG 2.2 at level AA, or these rules alone. */
export async function accessibilityProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  // By the debugger: the page's own policy runs no script of ours.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (runOnly) => (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly, resultTypes: ["violations"] }),
    rules ? { type: "rule" as const, values: [...rules] } : { type: "tag" as const, values: standards },
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}
