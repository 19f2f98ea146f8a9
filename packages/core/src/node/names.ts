import { Resolver } from "node:dns/promises";
import { fail } from "../diagnostic.ts";
import type { Machine, Names } from "../ports.ts";

const nothing = new Set(["ENOTFOUND", "ENODATA", "ESERVFAIL", "EREFUSED"]);

export function nodeNames(env: Machine["env"]): Names {
  let resolver: Resolver | undefined;
  const resolverOf = (): Resolver => {
    if (resolver) return resolver;
    resolver = new Resolver({ timeout: 3_000, tries: 2 });
    const server = env["DOGE_RESOLVER"];
    if (server) resolver.setServers([server]);
    return resolver;
  };
  const orNothing = async (name: string, work: Promise<string[]>): Promise<string[]> => {
    try {
      return (await work).map((name) => name.toLowerCase().replace(/\.$/, "")).sort();
    } catch (thrown) {
      const { code = "" } = thrown as NodeJS.ErrnoException;
      if (nothing.has(code)) return [];
      return fail(
        {
          code: "dns-unreachable",
          summary: "The name server gave no answer",
          detail: `Asked ${resolverOf().getServers().join(", ")} for ${name}: ${code || (thrown as Error).message}`,
          remedy:
            "Check the network and the machine's resolver; a local cloud that was stopped starts with doge cloud up.",
        },
        { cause: thrown },
      );
    }
  };
  return {
    nameServers: (domain) => orNothing(domain, resolverOf().resolveNs(domain)),
    addresses: (name) => orNothing(name, resolverOf().resolve4(name)),
  };
}
