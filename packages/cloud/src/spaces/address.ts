/** Bucket and key from a host and a path: `http://host/bucket/key` and `http://bucket.host/key`. */
import { decode } from "./signature.ts";

const region = /^(?:nyc|ams|sfo|sgp|lon|fra|tor|blr|syd|atl|ric)\d$/;

/** `host` is the Host header; `base` where this service stands. */
export function parseAddress(host: string, path: string, base: string): { bucket: string; key: string } {
  const fromHost = bucketOfHost(host.replace(/:\d+$/, "").toLowerCase(), base);
  const rest = path.replace(/^\//, "");
  if (fromHost !== "") return { bucket: fromHost, key: decodeKey(rest) };
  const slash = rest.indexOf("/");
  return slash < 0
    ? { bucket: decodeKey(rest), key: "" }
    : { bucket: decodeKey(rest.slice(0, slash)), key: decodeKey(rest.slice(slash + 1)) };
}

// In a path, unlike in a query, a plus is a plus.
const decodeKey = (path: string): string => decode(path.replaceAll("+", "%2B"));

function bucketOfHost(host: string, base: string): string {
  const own = URL.canParse(base) ? new URL(base).hostname : "";
  const suffix = [own, "digitaloceanspaces.com", "localhost"].find((name) => name !== "" && host.endsWith(`.${name}`));
  if (suffix === undefined) return "";
  const labels = host.slice(0, -suffix.length - 1).split(".");
  if (region.test(labels.at(-1) ?? "")) labels.pop();
  // `spaces.localhost` and `s3.localhost` are names of the service, not of a bucket.
  if (labels.length === 1 && (labels[0] === "spaces" || labels[0] === "s3")) labels.pop();
  return labels.join(".");
}
