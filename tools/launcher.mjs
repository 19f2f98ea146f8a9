#!/usr/bin/env node
// Doge needs Node 24. Where the machine's is older, the one that npm brought as a dependency takes over.
import { spawnSync } from "node:child_process";
import module from "node:module";

const major = Number(process.versions.node.split(".")[0]);
if (major >= 24) {
  module.enableCompileCache();
  await import("../doge.mjs");
} else {
  const require = module.createRequire(import.meta.url);
  let node;
  try {
    node = require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    console.error(`doge needs Node 24 or newer; this is ${process.version}. Install Node 24, then run this again.`);
    process.exit(1);
  }
  const entry = new URL("../doge.mjs", import.meta.url);
  const { status, signal } = spawnSync(
    node,
    ["--disable-warning=ExperimentalWarning", entry.pathname, ...process.argv.slice(2)],
    { stdio: "inherit" },
  );
  if (signal) process.kill(process.pid, signal);
  process.exit(status ?? 1);
}
