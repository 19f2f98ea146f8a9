/** Keys, made on the spot: no vendor, no network. */
import { defineProvider } from "@doge/engine";
import { privateKey } from "./private-key.ts";

export { privateKey };

export const tls = defineProvider<undefined>({
  name: "tls",
  source: "hashicorp/tls",
  version: "4.2.1",
  schema: { attributes: {} },
  resources: [privateKey],
  dataSources: [],
  configure: () => undefined,
});
