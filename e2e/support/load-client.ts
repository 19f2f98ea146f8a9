/**
 * Visitors of a site, without retries: `load-client.ts DOMAIN SECONDS CALM`, as a child process. They rest CALM times as
 * long between their visits as the busiest. Ends by itself after SECONDS, or when its parent is gone; hands over every
 * visit when told to stop.
 */
import { Agent, request } from "node:https";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import type { Sample } from "./load.ts";

const [domain = "", seconds = "0", calm = "1"] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;
let stopped = false;
const samples: Sample[] = [];
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** From half of it to one and a half. */
const rest = (milliseconds: number): Promise<void> => sleep(milliseconds * Number(calm) * (0.5 + Math.random()));
const going = (): boolean => !stopped && Date.now() < end;

process.on("message", () => (stopped = true));
process.on("disconnect", () => process.exit(0));
const counting = setInterval(() => process.send?.(samples.length), 500);

const pages = ["/", "/healthz"] as const;
const form = "language=en&next=%2Fsuch%2Fa%2Fpage";

/** One visit; `slow` sends a form piece by piece over a second, as an upload on a bad line. */
function visit(
  kind: string,
  options: { agent?: Agent | false; path: string; post?: "at once" | "slow" },
): Promise<void> {
  const { agent = false, path, post } = options;
  const at = Date.now();
  const started = performance.now();
  return new Promise((resolve) => {
    let done = false;
    const finish = (failure?: string): void => {
      if (done) return;
      done = true;
      samples.push({ at, milliseconds: performance.now() - started, kind, ...(failure ? { failure } : {}) });
      resolve();
    };
    const sent = request({
      host: domain,
      port: 443,
      path,
      agent,
      method: post ? "POST" : "GET",
      timeout: 15_000,
      headers: post
        ? {
            "content-type": "application/x-www-form-urlencoded",
            "content-length": form.length,
            origin: `https://${domain}`,
          }
        : {},
    });
    sent.on("response", (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.on("error", (thrown) => finish(`body: ${thrown.message}`));
      response.on("close", () => response.complete || finish("body: cut off"));
      response.on("end", () => finish(statusCode < 400 ? undefined : `HTTP ${statusCode}`));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer in 15 s")));
    sent.on("error", (thrown: NodeJS.ErrnoException) => finish(thrown.code ?? thrown.message));
    if (post === "slow") void trickle((piece) => sent.write(piece)).then(() => sent.end());
    else sent.end(post && form);
  });
}

async function trickle(write: (piece: string) => void): Promise<void> {
  for (let at = 0; at < form.length; at += 6) {
    write(form.slice(at, at + 6));
    await sleep(200);
  }
}

async function client(kind: string, pause: number, agent: Agent | false): Promise<void> {
  for (let round = Math.floor(Math.random() * 20); going(); round++) {
    const post = round % 20 === 19;
    await visit(kind, {
      agent,
      path: post ? "/language/" : (pages[round % pages.length] ?? "/"),
      ...(post ? { post: "at once" } : {}),
    });
    await rest(pause);
  }
  if (agent) agent.destroy();
}

async function uploader(): Promise<void> {
  while (going()) await visit("upload", { path: "/language/", post: "slow" });
}

/** A new session where the server says goodbye, as browsers do: what was not begun is no failure. */
async function http2Client(pause: number): Promise<void> {
  let session: ClientHttp2Session | undefined;
  for (let round = 0; going(); round++) {
    if (!session || session.closed || session.destroyed) {
      session = connectHttp2(`https://${domain}`);
      const own = session;
      own.on("error", () => {});
      own.on("goaway", () => own.close());
    }
    await stream(session, pages[round % pages.length] ?? "/");
    await rest(pause);
  }
  session?.close();
}

function stream(session: ClientHttp2Session, path: string): Promise<void> {
  const at = Date.now();
  const started = performance.now();
  return new Promise((resolve) => {
    let status = 0;
    let failure: string | undefined;
    const sent = session.request({ ":path": path });
    sent.setTimeout(15_000, () => sent.close());
    sent.on("response", (headers) => (status = Number(headers[":status"])));
    sent.on("error", (thrown) => (failure = thrown.message));
    sent.on("close", () => {
      if (status !== 200) failure ??= `HTTP ${status}`;
      samples.push({ at, milliseconds: performance.now() - started, kind: "http2", ...(failure ? { failure } : {}) });
      resolve();
    });
    sent.resume();
    sent.end();
  });
}

const agent = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });
await Promise.all([
  ...Array.from({ length: 12 }, () => client("keep-alive", 25, agent())),
  ...Array.from({ length: 3 }, () => client("new connection", 60, false)),
  ...Array.from({ length: 3 }, () => http2Client(25)),
  uploader(),
]);
clearInterval(counting);
process.send?.(samples, () => process.disconnect());
