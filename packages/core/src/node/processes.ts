import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import type { Processes } from "../ports.ts";
import { alive } from "./exclusive.ts";

export const nodeProcesses: Processes = {
  run: ({ argv, cwd, env, stdin, signal, interrupt, onOutput }) =>
    new Promise((resolve, reject) => {
      const [program, ...args] = argv;
      const child = spawn(program, args, {
        ...(cwd ? { cwd } : {}),
        ...(signal ? { signal } : {}),
        ...(interrupt ? { detached: true } : {}),
        env: env ? { ...process.env, ...env } : process.env,
        stdio: ["pipe", "pipe", "pipe"],
      });
      const stop = (): boolean => child.kill("SIGINT");
      interrupt?.addEventListener("abort", stop);
      if (interrupt?.aborted) stop();
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        stdout += chunk;
        onOutput?.(chunk, "stdout");
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        stderr += chunk;
        onOutput?.(chunk, "stderr");
      });
      child.on("error", (thrown: NodeJS.ErrnoException) => {
        if (thrown.code === "ENOENT") resolve({ exitCode: 127, stdout, stderr: `${program}: not found` });
        else reject(thrown);
      });
      // A killed child counts as 128 + 15, whichever signal it was: callers ask only whether it ended well.
      child.on("close", (code) => {
        interrupt?.removeEventListener("abort", stop);
        resolve({ exitCode: code ?? 143, stdout, stderr });
      });
      // A child that ends before it reads its input is no failure of ours.
      child.stdin.on("error", () => {});
      child.stdin.end(stdin ?? "");
    }),

  self: { host: hostname(), pid: process.pid },
  alive,

  async which(program) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const path = join(folder, program);
      try {
        await access(path, constants.X_OK);
        return path;
      } catch {
        // not in this folder
      }
    }
    return undefined;
  },
};
