// The tool's entry for Node 24 and newer. An older one hands over to the launcher beside this file, which looks for the
// Node that npm brought.
import { spawn } from "node:child_process";
import module from "node:module";
import { fileURLToPath } from "node:url";

const words = process.argv.slice(2);
if (Number(process.versions.node.split(".")[0]) >= 24) {
  delete process.env.DOGE_LAUNCHED;
  module.enableCompileCache();
  await import("../doge.mjs");
} else if (process.env.DOGE_LAUNCHED) {
  console.error(`doge needs Node 24 or newer; this is ${process.version}. Install Node 24, then run this again.`);
  process.exitCode = 1;
} else {
  const launcher = fileURLToPath(new URL("doge", import.meta.url));
  const child = spawn(launcher, words, { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; only what is sent to this process alone must be passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("close", (status, signal) => {
    process.exitCode = signal ? 143 : (status ?? 1);
  });
}
