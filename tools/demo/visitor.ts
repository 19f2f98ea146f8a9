/** A visitor of the deployed sites: signs up, confirms by the mail that arrives, logs in, uploads a picture. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { nodeMachine } from "@doge/core/node";
import { Secret } from "@doge/core";
import { createSpaces } from "@doge/providers/digitalocean";
import { cloudEnv, cloudFolder, demand, http, slug } from "./context.ts";

interface Ports {
  readonly https: number;
  readonly mailbox: number;
}

/** The smallest picture there is: one pixel, PNG. */
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);
const password = "Wow7-such-entropy";

/** What must be true of a deployed app: its mail arrives in the cloud's mailbox, its pictures in its bucket. */
export async function visitorIsServed(host: string, environment: "stage" | "prod"): Promise<void> {
  const { ports } = JSON.parse(readFileSync(join(cloudFolder, "cloud.json"), "utf8")) as { readonly ports: Ports };
  const name = `shibe-${Date.now().toString(36)}`;
  const email = `${name}@example.com`;
  const browser = visit(host, ports.https);

  const signedUp = await browser.post("/accounts/signup/", {
    email,
    username: name,
    password1: password,
    password2: password,
  });
  demand(signedUp.location === "/accounts/confirm-email/", `${host}: signing up answered ${signedUp.status}`);
  const link = new URL(await mailedLink(ports.mailbox, email));
  demand(link.origin === `https://${host}`, `${host}: the mail's link leads to ${link.origin}`);
  await browser.post(link.pathname, {});
  console.log(`✓ ${host}: the mail that confirms an address is in the mailbox`);

  await browser.post("/accounts/login/", { login: name, password });
  const form = new FormData();
  form.set("name", "Kabosu the Shibe");
  form.set("picture", new Blob([picture], { type: "image/png" }), "me.png");
  const updated = await browser.post("/users/~update/", form);
  demand(updated.location === `/users/${name}/`, `${host}: the upload answered ${updated.status}`);
  const key = /\/media\/(pictures\/[0-9a-f]+\.png)/.exec((await browser.get(`/users/${name}/`)).text)?.[1];
  demand(key, `${host}: the profile shows no picture`);
  demand(
    picture.equals((await spaces().get(`${slug}-${environment}`, key)) ?? Buffer.alloc(0)),
    `${key} is not in Spaces`,
  );
  console.log(`✓ ${host}: the picture is in Spaces, in ${slug}-${environment}`);
}

/** Takes away what visitors uploaded. */
export const emptyBucket = (environment: "stage" | "prod"): Promise<void> => spaces().empty(`${slug}-${environment}`);

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/** A browser with its cookies, on the local cloud's port for HTTPS. */
function visit(host: string, port: number) {
  const cookies = new Map<string, string>();
  const ca = readFileSync(join(cloudFolder, "ca-root.pem"));

  async function send(method: string, path: string, form?: FormData | URLSearchParams): Promise<Answer> {
    const encoded = new Request("http://form", { method, ...(form ? { body: form } : {}) });
    const body = Buffer.from(await encoded.arrayBuffer());
    const headers = {
      host,
      origin: `https://${host}`,
      cookie: [...cookies].map((pair) => pair.join("=")).join("; "),
      "content-length": body.length,
      ...(form ? { "content-type": encoded.headers.get("content-type") ?? "" } : {}),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: "127.0.0.1", port, servername: host, ca, method, path, headers }, (incoming) => {
        for (const line of incoming.headers["set-cookie"] ?? []) {
          const [, key = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          if (value === "") cookies.delete(key);
          else cookies.set(key, value);
        }
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, location: incoming.headers.location, text }),
        );
      });
      outgoing.on("error", reject).end(body);
    });
  }

  return {
    get: (path: string) => send("GET", path),
    post: (path: string, fields: FormData | Readonly<Record<string, string>>) =>
      send("POST", path, fields instanceof FormData ? fields : new URLSearchParams(fields)),
  };
}

/** The link in the newest mail to an address; a worker sends it a moment later. */
async function mailedLink(mailbox: number, to: string): Promise<string> {
  const ask = async (path: string): Promise<unknown> =>
    (await http().send({ method: "GET", url: `http://127.0.0.1:${mailbox}/api/messages${path}` })).json();
  for (let tries = 0; tries < 100; tries++) {
    const { messages } = (await ask(`?to=${encodeURIComponent(to)}`)) as {
      readonly messages: readonly { id: string }[];
    };
    const [newest] = messages;
    if (newest) {
      const { text } = (await ask(`/${newest.id}`)) as { readonly text: string };
      const found = /https:\/\/\S+/.exec(text)?.[0];
      demand(found, `the mail to ${to} has no link`);
      return found;
    }
    await wait(200);
  }
  demand(false, `no mail to ${to} arrived in the mailbox`);
}

function spaces(): ReturnType<typeof createSpaces> {
  const env = cloudEnv();
  const machine = nodeMachine({ ...process.env, ...env });
  return createSpaces({
    http: machine.http,
    clock: machine.clock,
    accessKeyId: new Secret(env["SPACES_ACCESS_KEY_ID"] ?? ""),
    secretAccessKey: new Secret(env["SPACES_SECRET_ACCESS_KEY"] ?? ""),
    endpoint: env["SPACES_ENDPOINT_URL"],
    region: "fra1",
  });
}
