/** A local cloud with one droplet, in a process of its own; SIGTERM stops it. */
import { join } from "node:path";
import { createDroplets } from "../../src/droplet/index.ts";
import { createContext } from "../../src/kit/context.ts";
import { createNetwork } from "../../src/network/index.ts";

const context = createContext({ folder: join(process.argv[2] ?? "", "cloud") });
const { service, machines } = createDroplets(context, {
  network: createNetwork(),
  ca: { rootPem: "", issue: () => Promise.reject(new Error("no certificates here")) },
  startEdge: () => Promise.reject(new Error("no edge here")),
  resolve: () => [],
  registries: {},
});
await service.start?.();
const known = (await service.inventory()).some(({ kind }) => kind === "machine");
if (!known) {
  const address = machines.allocateAddress();
  await machines.boot({ id: "1", name: "one", address, userData: "", sshKeys: [], memoryMegabytes: 512, vcpus: 1 });
}
process.once("SIGTERM", () => {
  void service.stop?.().then(() => process.exit(0));
});
console.log("ready");
