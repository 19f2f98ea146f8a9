import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A web app without dependencies that does what the suites ask of one. */
const server = `
import { createServer } from "node:http";
let ready = true;
const { RELEASE = "none", PORT } = process.env;
process.on("SIGUSR1", () => { ready = false; console.log("draining"); });
process.on("SIGTERM", () => { console.log("bye"); server.close(() => process.exit(0)); server.closeIdleConnections(); });
const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://app");
  const wait = Number(url.searchParams.get("wait") ?? 0);
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
  if (url.pathname === "/readyz") return response.writeHead(ready ? 200 : 503).end(ready ? "ready" : "draining");
  if (url.pathname === "/headers") return response.end(JSON.stringify(request.headers));
  if (url.pathname === "/env") return response.end(JSON.stringify(process.env));
  if (url.pathname === "/echo") return response.end(Buffer.concat(chunks));
  if (url.pathname === "/long") return response.writeHead(200, { "content-type": "text/html" }).end("wow ".repeat(5_000));
  if (url.pathname === "/fail") return response.writeHead(500).end("such failure");
  response.end(RELEASE + (ready ? "" : ", draining"));
});
server.listen(Number(PORT), () => console.log("listening"));
console.error("to stderr");
`;

/** Greedy: takes memory until somebody stops it. */
const hog = `const kept = []; for (;;) kept.push(Buffer.alloc(4 << 20, 1));\n`;

/** Migrations as an app of its own kind may have them: what it is told to do. */
const migrate = `
const [verb] = process.argv.slice(2);
if (verb === "--list") console.log('noise\\n' + JSON.stringify({ applied: ["0001.sql"], pending: ["0002.sql"] }));
if (verb === "run") console.log("0002.sql\\ndone");
if (verb === "fail") { console.error("no such table"); process.exit(4); }
if (verb === "hang") setInterval(() => {}, 1000);
`;

export function writeApp(folder: string): void {
  const files = {
    "package.json": `${JSON.stringify({ name: "ports", scripts: { start: "node server.mjs" } })}\n`,
    "server.mjs": server,
    "hog.mjs": hog,
    "migrate.mjs": migrate,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
