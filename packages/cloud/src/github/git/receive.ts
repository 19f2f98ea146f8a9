import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RefChange, Refusal } from "../protection.ts";

/** The first part of a push's body: what it wants to change. The rest is a pack. */
export interface PushHead {
  readonly changes: readonly RefChange[];
  /** All that was read to find this out. */
  readonly bytes: Buffer;
}

const longestHead = 16 * 1024 * 1024;

/** Reads packet lines up to the first flush. */
export async function readPushHead(body: AsyncIterator<Uint8Array>): Promise<PushHead> {
  let bytes = Buffer.alloc(0);
  const changes: RefChange[] = [];
  let at = 0;
  const fill = async (length: number): Promise<boolean> => {
    while (bytes.length < at + length) {
      const { done, value } = await body.next();
      if (done) return false;
      bytes = Buffer.concat([bytes, value]);
      if (bytes.length > longestHead) throw new Error("this push names too many refs");
    }
    return true;
  };
  while (await fill(4)) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    if (length === 0 || Number.isNaN(length)) break;
    if (!(await fill(length))) break;
    const line = bytes.toString("utf8", at + 4, at + length).split("\0", 1)[0] ?? "";
    const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) (\S+)\n?$/.exec(line);
    if (match) changes.push({ before: match[1] ?? "", after: match[2] ?? "", ref: match[3] ?? "" });
    at += length;
  }
  return { changes, bytes };
}

/** What the update hook is told: one line a rule. Messages have neither tabs nor line breaks. */
export function pushPolicy(refusals: readonly Refusal[], mayChangeWorkflows: boolean): string {
  const lines = refusals.map(({ ref, when, message }) => [ref, when, message].join("\t"));
  if (!mayChangeWorkflows) lines.push("*\tworkflows\twithout `workflow` scope");
  return lines.join("\n");
}

/**
 * git calls it for every ref of a push. What could be decided without the pushed objects was decided before git
 * started; the rest needs them, and git lets only its hooks see them before it takes them in.
 */
const updateHook = String.raw`#!/bin/sh
ref=$1 old=$2 new=$3
zero=0000000000000000000000000000000000000000
tab=$(printf '\t')

refuse() {
  echo "error: GH006: Protected branch update failed for $ref." >&2
  echo "error: $1" >&2
  exit 1
}

while IFS="$tab" read -r for when message; do
  [ "$for" = "$ref" ] || [ "$for" = "*" ] || continue
  case $when in
    always) refuse "$message" ;;
    bypassed)
      echo "Bypassed rule violations for $ref:" >&2
      echo "- $message" >&2
      ;;
    forced)
      [ "$old" = $zero ] || git merge-base --is-ancestor "$old" "$new" || refuse "$message"
      ;;
    merges)
      [ -z "$(git rev-list --merges --max-count=1 "$old..$new")" ] || refuse "$message"
      ;;
    workflows)
      [ "$new" = $zero ] && continue
      commit=$(git rev-list --max-count=1 "$new" --not --all -- .github/workflows)
      [ -n "$commit" ] || continue
      path=$(git diff-tree --root -r --no-commit-id --name-only "$commit" -- .github/workflows | head -n 1)
      echo "refusing to allow a token to create or update workflow \"$path\" $message" >&2
      exit 1
      ;;
  esac
done <<EOF
$GITHUB_PUSH_POLICY
EOF
`;

/** Writes the hooks that every repository obeys. */
export async function writeHooks(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "update");
  await writeFile(path, updateHook);
  await chmod(path, 0o755);
}
