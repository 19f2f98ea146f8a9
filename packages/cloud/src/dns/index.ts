import type { CloudContext, Service, Zones } from "../ports.ts";
import { serveDns, type DnsServer } from "./server.ts";
import { createZones } from "./zones.ts";

/** DigitalOcean's name servers and every registrar at once. */
export function createDns(
  context: CloudContext,
  host = "127.0.0.1",
): { readonly service: Service; readonly zones: Zones } {
  const zones = createZones(context);
  let server: DnsServer | undefined;
  return {
    zones,
    service: {
      name: "dns",
      async start() {
        server = await serveDns(zones, host, context.port("dns"));
      },
      async stop() {
        await server?.stop();
        server = undefined;
      },
      inventory: () => Promise.resolve(zones.list().map((name) => ({ service: "dns", kind: "zone", id: name, name }))),
      gaps: [
        {
          service: "dns",
          gap: "answers only for zones made through DigitalOcean's API; other names are refused, but for NS",
        },
        {
          service: "dns",
          gap: "NS of every name is DigitalOcean's, as if each registrar had been set; undelegate a name at the control port",
        },
        { service: "dns", gap: "no DNSSEC, no zone transfer, no reverse lookups; the serial is always 1" },
      ],
    },
  };
}
