// The app of the tests: what the template does about health and signals, in as few lines as possible.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { PORT, DOGE_RELEASE, MODE = "fine" } = process.env;
const mode = existsSync(new URL("mode", import.meta.url))
  ? readFileSync(new URL("mode", import.meta.url), "utf8").trim()
  : MODE;
let draining = false;

if (mode === "crash") {
  console.error("SettingsError: DATABASE_URL is missing");
  process.exit(78);
}
const server = createServer((request, response) => {
  if (request.url === "/readyz") {
    const ready = !draining && mode !== "unready";
    response.writeHead(ready ? 200 : 503).end(JSON.stringify({ ready, reason: draining ? "draining" : mode }));
  } else if (mode === "broken" && Number(DOGE_RELEASE) > 1) response.writeHead(500).end("broken");
  else setTimeout(() => response.end(`release ${DOGE_RELEASE}`), 15);
});
server.listen(Number(PORT), "127.0.0.1");
if (process.env.PID_FILE) writeFileSync(process.env.PID_FILE, String(process.pid));
process.on("SIGUSR1", () => (draining = true));
process.on("SIGTERM", () => {
  draining = true;
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 20);
});
