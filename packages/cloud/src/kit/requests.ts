import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { ServiceName } from "../ports.ts";

/** One request that a stand-in answered. No bodies, no credentials. */
export interface LoggedRequest {
  readonly at: string;
  readonly service: ServiceName;
  readonly id: string;
  readonly method: string;
  /** Path and query, secrets replaced by `***`. */
  readonly path: string;
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  readonly milliseconds: number;
  readonly userAgent?: string;
  /** `Bearer ***`: how the client proved itself, not with what. */
  readonly authorization?: string;
  readonly fault?: string;
}

export interface RequestLog {
  add(request: LoggedRequest): void;
  /** The last ones, oldest first. */
  recent(limit: number): readonly LoggedRequest[];
  close(): Promise<void>;
}

const kept = 2_000;

/** Keeps the last requests at hand and all of them in a file of JSON lines. */
export function openRequestLog(path: string): RequestLog {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path, { flags: "a", mode: 0o600 });
  const last: LoggedRequest[] = [];
  return {
    add(request) {
      last.push(request);
      if (last.length > 2 * kept) last.splice(0, last.length - kept);
      file.write(`${JSON.stringify(request)}\n`);
    },
    recent: (limit) => last.slice(-Math.min(limit, kept)),
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}

const secretParameter = /token|secret|signature|password|credential|policy|sig$|^key$|^code$|^state$/i;
/** Long, with both cases and digits: an unguessable address (HCP's uploads and logs) is a credential. */
const capability = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\w-]{32,}$/;

/** A path with its query, fit for a log. */
export function scrubPath(path: string): string {
  const [pathname = "", query] = path.split("?", 2);
  const clean = pathname
    .split("/")
    .map((segment) => (capability.test(segment) ? "***" : segment))
    .join("/");
  if (query === undefined) return clean;
  const parameters = query.split("&").map((pair) => {
    const [key = "", value] = pair.split("=", 2);
    return value !== undefined && secretParameter.test(key) ? `${key}=***` : pair;
  });
  return `${clean}?${parameters.join("&")}`;
}

export const scrubAuthorization = (header: string): string => `${header.split(" ", 1)[0] ?? ""} ***`;
