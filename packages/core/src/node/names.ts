import { Resolver } from "node:dns/promises";
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
  const orNothing = async (work: Promise<string[]>): Promise<string[]> => {
    try {
      return (await work).map((name) => name.toLowerCase().replace(/\.$/, "")).sort();
    } catch (thrown) {
      if (nothing.has((thrown as NodeJS.ErrnoException).code ?? "")) return [];
      throw thrown;
    }
  };
  return {
    nameServers: (domain) => orNothing(resolverOf().resolveNs(domain)),
    addresses: (name) => orNothing(resolverOf().resolve4(name)),
  };
}
