import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { createPrivateKey, X509Certificate } from "node:crypto";
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
  // Where Caddy keeps them: a folder for the authority, one for each name.
  const fileOf = (name: string): string => join(options.dataFolder, "caddy/certificates/local-cloud", name, name);
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
      const file = fileOf(name);
      mkdirSync(dirname(file), { recursive: true });
      for (const [ending, pem] of [
        ["key", keyPem],
        ["crt", certificatePem],
      ] as const) {
        writeFileSync(`${file}.tmp`, pem, { mode: 0o600, flush: true });
        renameSync(`${file}.tmp`, `${file}.${ending}`);
      }
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
    const stored = readStored(fileOf(name));
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
    const [key, cert] = [readFileSync(`${path}.key`, "utf8"), readFileSync(`${path}.crt`, "utf8")];
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined; // killed between the two
    return {
      context: createSecureContext({ key, cert }),
      notAfter: new Date(certificate.validTo),
    };
  } catch {
    return undefined; // none yet, or torn: a new one is asked for
  }
}
