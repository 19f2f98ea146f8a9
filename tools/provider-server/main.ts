/**
 * `node tools/provider-server/main.ts -- COMMAND…`: runs a command (terraform) with the providers that Doge
 * carries behind it, and ends with its exit code. The command's environment is the providers' too.
 */
import { spawn } from "node:child_process";
import { nodeMachine } from "@doge/core/node";
import { providers } from "@doge/workflow";
import { serveProviders } from "./server.ts";

const [separator, program, ...args] = process.argv.slice(2);
if (separator !== "--" || program === undefined) {
  console.error("node tools/provider-server/main.ts -- COMMAND…");
  process.exit(2);
}
const machine = nodeMachine();
const server = await serveProviders(providers, {
  http: machine.http,
  clock: machine.clock,
  env: machine.env,
  emit: () => undefined,
});
// Ctrl-C reaches the whole group: the command decides when to end.
process.on("SIGINT", () => undefined);
const child = spawn(program, args, {
  stdio: "inherit",
  env: { ...process.env, TF_REATTACH_PROVIDERS: server.reattach },
});
child.on("error", ({ message }) => {
  console.error(message);
  process.exit(127);
});
child.on("exit", (code) => process.exit(code ?? 1));
