/** An app without dependencies in a project of its own: what the commands of day two are tried on. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Says its version, which keys it knows, and how often `reencrypt.mjs` ran beside it. */
const server = (version: string): string => `
import { createServer } from "node:http";
const { PORT, SECRET_KEY, SECRET_KEY_PREVIOUS } = process.env;
let [ready, reencrypted] = [true, 0];
process.on("SIGUSR1", () => { ready = false; });
process.on("SIGTERM", () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
const server = createServer((request, response) => {
  if (request.url === "/readyz") return response.writeHead(ready ? 200 : 503).end();
  if (request.url === "/reencrypt") reencrypted += 1;
  response.end(JSON.stringify({ version: "${version}", keys: [SECRET_KEY, SECRET_KEY_PREVIOUS].filter(Boolean), reencrypted }));
});
server.listen(Number(PORT));
`;

const ask = (path: string): string => `
const answer = await fetch("http://127.0.0.1:" + process.env.PORT + "${path}");
console.log(await answer.text());
`;

const compose = `
name: services
services:
  caddy:
    image: caddy:2.10
    restart: unless-stopped
    command: caddy run --config /etc/caddy/caddy.json
    ports: ["80:80", "443:443", "127.0.0.1:2019:2019"]
    volumes: ["./edge:/etc/caddy:ro", "caddy-data:/data"]
    networks: [doge]
networks: { doge: { name: doge } }
volumes: { caddy-data: }
`;

export const smallAppConfig = {
  app: { migrate: null, pending: null },
  environments: { stage: { soakSeconds: 0 }, prod: { soakSeconds: 0 } },
};

export function writeSmallApp(folder: string): void {
  const files: Readonly<Record<string, string>> = {
    "package.json": `${JSON.stringify({ name: "small", scripts: { start: "node server.mjs" } })}\n`,
    "server.mjs": server("1"),
    "ask.mjs": ask("/"),
    "reencrypt.mjs": ask("/reencrypt"),
    "compose.production.yaml": compose,
    ".gitignore": ".envs\n.doge\n",
    ".envs/.production/.app": "PORT=3000\nSECRET_KEY=production-1\n",
    ".envs/.production/.backup": "BACKUP_KEY=such-key\n",
    ".envs/.staging/.app": "SECRET_KEY=staging-1\n",
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

export const git = (folder: string, ...words: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...words], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

/** A commit on main that makes the app another version. */
export function commitVersion(folder: string, version: string): void {
  writeFileSync(join(folder, "server.mjs"), server(version));
  git(folder, "commit", "--quiet", "--all", "--message", `Version ${version}`);
}

/** An env file's value; undefined where it has none. */
export const valueIn = (folder: string, path: string, key: string): string | undefined =>
  new RegExp(`^${key}=(.*)$`, "m").exec(readFileSync(join(folder, path), "utf8"))?.[1];
