import { STATUS_CODES } from "node:http";
import type { ServiceName } from "../ports.ts";

export interface VendorError {
  readonly contentType: string;
  readonly body: string;
}

/**
 * An error as the vendor words it. Services answer their own errors; this is for what no service sees:
 * injected faults and failures of a stand-in itself.
 */
export function vendorError(service: ServiceName, status: number, message: string, requestId: string): VendorError {
  const title = (STATUS_CODES[status] ?? "Error").toLowerCase();
  switch (service) {
    case "digitalocean":
      return json({ id: digitalOceanId(status), message, request_id: requestId });
    case "hcp":
      return json({ errors: [{ status: String(status), title, detail: message }] }, "application/vnd.api+json");
    case "github":
      return json({ message, documentation_url: "https://docs.github.com/rest", status: String(status) });
    case "registry":
      return json({ errors: [{ code: registryCode(status), message, detail: null }] });
    case "spaces":
      return {
        contentType: "application/xml",
        body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${spacesCode(status)}</Code><Message>${escapeXml(message)}</Message><RequestId>${requestId}</RequestId></Error>`,
      };
    default:
      return json({ error: message });
  }
}

const json = (value: unknown, contentType = "application/json; charset=utf-8"): VendorError => ({
  contentType,
  body: JSON.stringify(value),
});

/** The `id` of DigitalOcean's error bodies. */
export function digitalOceanId(status: number): string {
  const ids: Readonly<Record<number, string>> = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    412: "precondition_failed",
    422: "unprocessable_entity",
    429: "too_many_requests",
    503: "service_unavailable",
  };
  return ids[status] ?? (status >= 500 ? "server_error" : "bad_request");
}

function registryCode(status: number): string {
  const codes: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" };
  return codes[status] ?? "UNKNOWN";
}

function spacesCode(status: number): string {
  const codes: Readonly<Record<number, string>> = { 403: "AccessDenied", 429: "SlowDown", 503: "SlowDown" };
  return codes[status] ?? "InternalError";
}

export const escapeXml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" })[character] ?? character,
  );
