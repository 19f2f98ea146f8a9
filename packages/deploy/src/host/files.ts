import { fail, Secret } from "@doge/core";
import { shellScript } from "./quote.ts";
import type { Host } from "./host.ts";

/**
 * Argv that writes standard input to a file: beside it, with its final mode from the first byte on,
 * synced, then renamed. A kill leaves the old content or the new; so does a connection that is cut, after
 * which `cat` sees the end of what came so far and would go on: the size tells. Nobody reads what is said then,
 * and that must not end the shell before it has cleaned up.
 */
export const writeFileArgv = (path: string, mode: number, bytes: number): readonly string[] =>
  shellScript(
    [
      'mkdir -p "$(dirname "$1")"',
      'beside="$1.$$.tmp"',
      "umask 077",
      "trap '' PIPE",
      "trap 'rm -f \"$beside\"' EXIT",
      'cat > "$beside"',
      'if [ "$(wc -c < "$beside")" -ne "$3" ]; then echo "cut off" >&2; exit 47; fi',
      'chmod "$2" "$beside"',
      'sync "$beside" 2>/dev/null || sync',
      'mv -f "$beside" "$1"',
    ].join("; "),
    path,
    mode.toString(8).padStart(4, "0"),
    String(bytes),
  );

/** Exit code 44: there is no such file. */
export const readFileArgv = (path: string): readonly string[] =>
  shellScript('if [ -e "$1" ]; then cat "$1"; else exit 44; fi', path);

/** The file operations of a Host, made of its `run`. */
export function filesOver(
  name: string,
  run: Host["run"],
): { readonly writeFile: Host["writeFile"]; readonly readFile: Host["readFile"] } {
  return {
    async writeFile(path, content, { mode = 0o644 } = {}) {
      const result = await run({
        argv: writeFileArgv(path, mode, Buffer.byteLength(bytesOf(content))),
        stdin: content,
      });
      if (result.exitCode !== 0) cannot("write", path, result.stderr);
    },
    async readFile(path) {
      const result = await run({ argv: readFileArgv(path) });
      if (result.exitCode === 44) return undefined;
      if (result.exitCode !== 0) cannot("read", path, result.stderr);
      return result.stdout;
    },
  };

  function cannot(verb: string, path: string, reason: string): never {
    fail({
      code: "host-file",
      summary: "A file on the droplet could not be used",
      detail: `cannot ${verb} ${path}: ${reason.trim()}`,
      address: name,
      remedy: "Check the droplet's disk (`doge ssh`, then `df -h`) and the folder's owner.",
    });
  }
}

export const bytesOf = (content: string | Uint8Array | Secret): string | Uint8Array =>
  content instanceof Secret ? content.reveal() : content;
