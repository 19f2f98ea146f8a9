import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { X509Certificate } from "node:crypto";
import type { EdgeOptions } from "../ports.ts";

const RENEW_BEFORE = 30 * 86_400_000;
const RETRY_MILLISECONDS = 500;

/** Certificates of an edge by name: kept in its data folder, asked for when they are missing or run out. */
export interface Certificates {
  /** Undefined while there is none yet. */
  get(name: string): SecureContext | undefined;
  stop(): void;
}

export function keepCertificates(
  options: EdgeOptions,
  names: readonly string[],
  log: (entry: object) => void,
): Certificates {
  const contexts = new Map<string, SecureContext>();
  const folder = join(options.dataFolder, "certificates");
  mkdirSync(folder, { recursive: true });
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const later = (work: () => void, milliseconds: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, milliseconds);
    timer.unref();
    timers.add(timer);
  };

  async function obtain(name: string, attempt: number): Promise<void> {
    if (stopped) return;
    try {
      const { certificatePem, keyPem } = await options.ca.issue([name], options.publicAddress);
      const file = join(folder, `${name}.pem`);
      writeFileSync(`${file}.tmp`, `${keyPem}${certificatePem}`, { mode: 0o600, flush: true });
      renameSync(`${file}.tmp`, file);
      contexts.set(name, createSecureContext({ key: keyPem, cert: certificatePem }));
      log({ level: "info", logger: "tls.obtain", msg: "certificate obtained successfully", identifier: name });
    } catch (thrown) {
      log({
        level: "error",
        logger: "tls.obtain",
        msg: "will retry",
        error: (thrown as Error).message,
        identifier: name,
        attempt,
      });
      later(() => void obtain(name, attempt + 1), Math.min(30_000, RETRY_MILLISECONDS * attempt));
    }
  }

  for (const name of names) {
    const stored = readStored(join(folder, `${name}.pem`));
    if (stored && stored.notAfter.getTime() - Date.now() > RENEW_BEFORE) contexts.set(name, stored.context);
    else void obtain(name, 1);
  }
  return {
    get: (name) => contexts.get(name),
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function readStored(path: string): { readonly context: SecureContext; readonly notAfter: Date } | undefined {
  try {
    const pem = readFileSync(path, "utf8");
    return {
      context: createSecureContext({ key: pem, cert: pem }),
      notAfter: new Date(new X509Certificate(pem).validTo),
    };
  } catch {
    return undefined; // none yet, or torn: a new one is asked for
  }
}
