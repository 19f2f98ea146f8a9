import { fail, Secret } from "@doge/core";
import { pack } from "tar-stream";
import { diskFull, diskFullTrouble } from "./disk.ts";
import { shellScript } from "./quote.ts";
import type { Host, HostFile } from "./host.ts";

// All are there and synced before the first takes its place; what is the same already is left alone.
const place = `
  mkdir -p "$1"; cd "$1"; remove=$2; shift 2
  stage=.doge-write.$$
  finish() {
    code=$?; rm -rf "$stage"
    [ "$code" -eq 0 ] || [ "$(df -Pk . 2>/dev/null | awk 'NR == 2 { print ($4 < 256) }')" != 1 ] || code=${diskFull}
    exit "$code"
  }
  trap '' PIPE
  trap finish EXIT
  (umask 077; mkdir "$stage")
  tar -C "$stage" -xpf -
  left=$#
  while [ "$left" -gt 0 ]; do
    mode=$1 path=$2; shift 2; left=$((left - 2))
    if [ ! -f "$stage/$path" ]; then echo "cut off" >&2; exit 47; fi
    if cmp -s "$stage/$path" "$path"; then chmod "$mode" "$path"; else set -- "$@" "$path"; fi
  done
  if [ $# -gt 0 ]; then (cd "$stage"; sync "$@" 2>/dev/null || sync); fi
  for path; do
    case "$path" in */*) mkdir -p "\${path%/*}";; esac
    mv -f "$stage/$path" "$path"; echo "$path"
  done
  if [ -n "$remove" ]; then rm -f "$remove"; fi`;

/**
 * Argv that takes a tar of files from its input and puts them below a folder, beside and renamed, in this order; then
 * removes `remove`. A kill leaves the old content or the new, and so does a connection that is cut: a tar that ends
 * early is refused. Nobody reads what is said then, and that must not end the shell before it has cleaned up. Prints the paths whose content changed.
 */
export const writeFilesArgv = (
  folder: string,
  files: readonly Pick<HostFile, "path" | "mode">[],
  remove = "",
): readonly string[] =>
  shellScript(place.trim(), folder, remove, ...files.flatMap(({ path, mode }) => [octal(mode), path]));

const octal = (mode = 0o644): string => mode.toString(8).padStart(4, "0");

/** Exit code 44: there is no such file. */
export const readFileArgv = (path: string): readonly string[] =>
  shellScript('if [ -e "$1" ]; then cat "$1"; else exit 44; fi', path);

/** The file operations of a Host, made of its `run`. */
export function filesOver(name: string, run: Host["run"]): Pick<Host, "writeFile" | "writeFiles" | "readFile"> {
  const writeFiles: Host["writeFiles"] = async (folder, files, { remove } = {}) => {
    const result = await run({ argv: writeFilesArgv(folder, files, remove), stdin: await tarOf(files) });
    if (result.exitCode !== 0)
      cannot("write", `${folder}/${files.map(({ path }) => path).join(", ")}`, result.stderr, result.exitCode);
    return result.stdout.split("\n").filter((path) => path !== "");
  };
  return {
    writeFiles,
    async writeFile(path, content, { mode = 0o644 } = {}) {
      const [, folder = "/", file = ""] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
      await writeFiles(folder, [{ path: file, content, mode }]);
    },
    async readFile(path) {
      const result = await run({ argv: readFileArgv(path) });
      if (result.exitCode === 44) return undefined;
      if (result.exitCode !== 0) cannot("read", path, result.stderr, result.exitCode);
      return result.stdout;
    },
  };

  function cannot(verb: string, path: string, reason: string, exitCode: number): never {
    const detail = `cannot ${verb} ${path}: ${reason.trim()}`;
    if (exitCode === diskFull) fail(diskFullTrouble(name, detail));
    fail({
      code: "host-file",
      summary: "A file on the droplet could not be used",
      detail,
      address: name,
      remedy: "Check the droplet's disk (`doge ssh`, then `df -h`) and the folder's owner.",
    });
  }
}

async function tarOf(files: readonly HostFile[]): Promise<Uint8Array> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on("data", (chunk: unknown) => chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve, reject) => archive.on("end", resolve).on("error", reject));
  for (const { path, content, mode = 0o644 } of files) {
    const bytes = Buffer.from(bytesOf(content));
    await new Promise<void>((resolve, reject) => {
      archive.entry({ name: path, mode, size: bytes.length }, bytes, (thrown) => (thrown ? reject(thrown) : resolve()));
    });
  }
  archive.finalize();
  await ended;
  return Buffer.concat(chunks);
}

export const bytesOf = (content: string | Uint8Array | Secret): string | Uint8Array =>
  content instanceof Secret ? content.reveal() : content;
