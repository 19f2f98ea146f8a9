import { createCertificateAuthority } from "../../packages/cloud/src/ca/index.ts";
import { createContext } from "../../packages/cloud/src/kit/context.ts";
import { network, places } from "./places.ts";

/**
 * Signs for the servers beside the hosts (the registry, the ACME directories): it stands for the public authorities
 * that a droplet's image trusts. The local cloud's own, kept over the life of the cache.
 */
export async function openAuthority() {
  const context = createContext({ folder: places.authority });
  const authority = await createCertificateAuthority(context, { resolve: () => [network.address] });
  return { ...authority, close: () => context.store.close() };
}
