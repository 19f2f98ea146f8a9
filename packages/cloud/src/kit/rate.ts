import type { ServiceName } from "../ports.ts";

type Headers = Readonly<Record<string, string>>;

/**
 * The rate-limit headers that a vendor sends with every answer, counted per credential in the vendor's window.
 * Announced, never enforced: a 429 comes from an injected fault.
 */
export function createRateHeaders(now: () => Date): (service: ServiceName, credential: string) => Headers {
  const windows = new Map<string, { ends: number; used: number }>();
  const count = (service: ServiceName, credential: string, seconds: number): { used: number; ends: number } => {
    const time = now().getTime() / 1000;
    const key = `${service} ${credential}`;
    let window = windows.get(key);
    if (!window || window.ends <= time) windows.set(key, (window = { ends: time + seconds, used: 0 }));
    window.used++;
    return window;
  };
  return (service, credential) => {
    switch (service) {
      case "digitalocean": {
        const { used, ends } = count(service, credential, 3600);
        return {
          "ratelimit-limit": "5000",
          "ratelimit-remaining": String(Math.max(1, 5000 - used)),
          "ratelimit-reset": String(Math.ceil(ends)),
        };
      }
      case "github": {
        const { used, ends } = count(service, credential, 3600);
        return {
          "x-ratelimit-limit": "5000",
          "x-ratelimit-remaining": String(Math.max(1, 5000 - used)),
          "x-ratelimit-reset": String(Math.ceil(ends)),
          "x-ratelimit-used": String(Math.min(used, 4999)),
          "x-ratelimit-resource": "core",
        };
      }
      case "hcp": {
        const { used, ends } = count(service, credential, 1);
        return {
          "x-ratelimit-limit": "30",
          "x-ratelimit-remaining": String(Math.max(1, 30 - used)),
          "x-ratelimit-reset": Math.max(0, ends - now().getTime() / 1000).toFixed(1),
        };
      }
      default:
        return {};
    }
  };
}

/** The vendor's headers of a used-up limit that is renewed in so many seconds. */
export function spentRate(service: ServiceName, seconds: number): Headers {
  // GitHub and DigitalOcean name a moment, HCP counts from now.
  const moment = String(Math.ceil(Date.now() / 1000 + seconds));
  if (service === "digitalocean") return { "ratelimit-remaining": "0", "ratelimit-reset": moment };
  if (service === "github") return { "x-ratelimit-remaining": "0", "x-ratelimit-reset": moment };
  return service === "hcp" ? { "x-ratelimit-remaining": "0", "x-ratelimit-reset": seconds.toFixed(1) } : {};
}
