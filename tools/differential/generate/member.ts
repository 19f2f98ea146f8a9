/** What a module is made of: each block with what it refers to, and what may refer to it. */
import type { Block } from "./configuration.ts";
import type { Reference } from "./expressions.ts";

export interface Member {
  /** As others refer to it: `var.v0`, `fake_server.r1`, `module.m2`. */
  readonly address: string;
  readonly blocks: readonly Block[];
  /** Addresses of what it refers to. */
  readonly uses: ReadonlySet<string>;
  readonly references: readonly Reference[];
  /** The same block written anew; undefined: it goes. */
  again?(): Member | undefined;
}

export const block = (
  type: string,
  labels: readonly string[],
  args: Readonly<Record<string, string>>,
  blocks: readonly Block[] = [],
): Block => ({ type, labels, arguments: args, ...(blocks.length > 0 ? { blocks } : {}) });
