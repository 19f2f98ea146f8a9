import type { environmentLease } from "@doge/workflow";
import { duration } from "../terminal/style.ts";

/** Who holds a lease, in a line. */
export function renderLease(lease: Awaited<ReturnType<typeof environmentLease>>): string {
  const { holder, number, heldSeconds, alive } = lease;
  if (!holder) return "No deploy has ever taken the lease.\n";
  const ago = duration(heldSeconds * 1_000);
  const who = [
    holder.owner ?? "someone",
    holder.purpose ?? "unknown",
    ...(holder.commit ? [`commit ${holder.commit.slice(0, 7)}`] : []),
    ...(holder.runUrl ? [holder.runUrl] : []),
  ].join(", ");
  if (holder.released) return `Free. Last: lease ${number}, ${who}, given back ${ago} ago.\n`;
  return `Lease ${number}: ${who}, last heard of ${ago} ago${alive ? "" : "; dead, the next deploy takes over"}.\n`;
}
