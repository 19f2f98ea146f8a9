import type { IncomingMessage, ServerResponse } from "node:http";

/** What a request was answered, whole. */
export interface PastAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What reads showed before, and which writes came since: from it a copy that lags behind answers. */
export interface Past {
  /** Notes what this request will be answered. */
  watch(incoming: IncomingMessage, outgoing: ServerResponse): void;
  /** What was seen is worth nothing any more: from here on nobody watches. */
  forget(): void;
  /**
   * What a copy that lags so far behind says to a read: an earlier answer, `missing` for what was made within the lag,
   * or undefined where it says nothing else than the service itself.
   */
  answer(path: string, lagMilliseconds: number): PastAnswer | "missing" | undefined;
}

interface Seen extends PastAnswer {
  readonly at: number;
}

/** So many writes are remembered. */
const memory = 2_000;
const largest = 1 << 20;

export function createPast(now: () => number = Date.now): Past {
  const reads = new Map<string, Seen[]>();
  let writes: { readonly at: number; readonly path: string; readonly status: number }[] = [];

  /** An answer is as old as the moment at which its request came: writes may have come since. */
  const noteRead = (path: string, seen: Seen): void => {
    const newest = (reads.get(path) ?? []).slice(-20);
    reads.set(path, [...newest, seen]);
  };

  return {
    watch(incoming, outgoing) {
      const at = now();
      const path = incoming.url ?? "/";
      if (incoming.method === "GET") {
        capture(outgoing, (answer) => {
          if (answer.status === 200 || answer.status === 404) noteRead(path, { at, ...answer });
        });
        return;
      }
      if (incoming.method === "HEAD") return;
      outgoing.once("close", () => {
        if (outgoing.statusCode >= 300) return;
        if (writes.length >= 2 * memory) writes = writes.slice(-memory);
        writes.push({ at: now(), path: bare(path), status: outgoing.statusCode });
      });
    },
    forget() {
      reads.clear();
      writes = [];
    },
    answer(path, lagMilliseconds) {
      const behind = writes.filter(({ at }) => at > now() - lagMilliseconds);
      const first = behind[0];
      if (first === undefined) return undefined;
      const seen = reads.get(path) ?? [];
      const earlier = seen.findLast(({ at }) => at < first.at);
      const outdated = (write: { readonly at: number; readonly path: string }): boolean =>
        earlier !== undefined && write.at >= earlier.at && write.at < first.at && touches(write.path, bare(path));
      if (earlier) return writes.some(outdated) ? undefined : earlier;
      const made = behind.some((write) => makes(write, bare(path)));
      return made && seen.every(({ at }) => at > first.at) ? "missing" : undefined;
    },
  };
}

const bare = (path: string): string => path.split("?")[0] ?? path;

/** Whether a write to one path may change what another shows. */
const touches = (written: string, read: string): boolean =>
  `${read}/`.startsWith(`${written}/`) || `${written}/`.startsWith(`${read}/`);

/** Whether a write made what is read: `POST /things`, then `GET /things/7`; or `PUT /things/7` that answered 201. */
const makes = (write: { readonly path: string; readonly status: number }, path: string): boolean =>
  (write.status === 201 || write.status === 202) &&
  (path === write.path || path.slice(0, path.lastIndexOf("/")) === write.path);

function capture(outgoing: ServerResponse, done: (answer: PastAnswer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const headers: Record<string, string> = {};
  const keep = (chunk: unknown): void => {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size <= largest) chunks.push(bytes);
  };
  const { writeHead, write, end } = outgoing;
  outgoing.writeHead = (status: number, ...rest: unknown[]) => {
    Object.assign(headers, rest.findLast((one) => typeof one === "object") ?? {});
    return Reflect.apply(writeHead, outgoing, [status, ...rest]) as ServerResponse;
  };
  outgoing.write = ((chunk: unknown, ...rest: unknown[]) => {
    keep(chunk);
    return Reflect.apply(write, outgoing, [chunk, ...rest]) as boolean;
  }) as ServerResponse["write"];
  outgoing.end = ((chunk: unknown, ...rest: unknown[]) => {
    keep(chunk);
    if (size <= largest) done({ status: outgoing.statusCode, headers, body: Buffer.concat(chunks) });
    return Reflect.apply(end, outgoing, [chunk, ...rest]) as ServerResponse;
  }) as ServerResponse["end"];
}
