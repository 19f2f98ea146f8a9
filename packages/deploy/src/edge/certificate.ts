import { X509Certificate } from "node:crypto";
import { docker } from "../containers/docker.ts";
import type { Host } from "../host/host.ts";
import { edgeContainer } from "./traffic.ts";

export interface EdgeCertificate {
  readonly notAfter: Date;
  readonly issuer: string;
}

/** Argv that prints the edge's certificates of a name, whichever authority issued them. */
export const certificateArgv = (domain: string): readonly string[] =>
  docker.exec(edgeContainer, ["find", "/data/caddy/certificates", "-name", `${domain}.crt`, "-exec", "cat", "{}", ";"]);

/** The certificate that the edge has for a name; the one that lasts longest, undefined where it has none. */
export async function certificateOf(host: Host, domain: string): Promise<EdgeCertificate | undefined> {
  const { stdout } = await host.run({ argv: certificateArgv(domain) });
  const found = (stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
    .map((pem) => new X509Certificate(pem))
    .filter((certificate) => certificate.checkHost(domain) !== undefined)
    .map(({ validTo, issuer }) => ({ notAfter: new Date(validTo), issuer: issuer.replaceAll("\n", ", ") }));
  return found.sort((a, b) => b.notAfter.getTime() - a.notAfter.getTime())[0];
}
