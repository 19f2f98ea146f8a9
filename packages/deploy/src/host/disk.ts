import type { Trouble } from "@doge/core";

/** Exit code of a host's script that failed on a disk without room. */
export const diskFull = 28;

/**
 * A line for scripts that write below `$1`: one that fails where there is no room left says so by its exit code,
 * so that nobody has to read its words.
 */
export const sayWhereFull = `
  trap 'code=$?; [ "$code" -eq 0 ] || [ "$(df -Pk "$1" 2>/dev/null | awk "NR == 2 { print (\\$4 < 256) }")" != 1 ] || exit ${diskFull}' EXIT`;

export const diskFullTrouble = (address: string, detail: string): Trouble => ({
  code: "host-disk",
  summary: "The droplet's disk is full",
  detail,
  address,
  remedy: "Make room with `doge ssh` (`docker system prune`), or choose a larger droplet.",
});
