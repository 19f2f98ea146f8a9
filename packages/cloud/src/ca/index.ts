// x509 decorates its classes when it is loaded, and needs this first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { CertificateAuthority, CloudContext } from "../ports.ts";

const DAY = 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * The authority that stands for Let's Encrypt: a root made once per cloud, leaves for 90 days, and only for
 * names that really point to who asks.
 */
export async function createCertificateAuthority(
  context: CloudContext,
  options: { readonly resolve: (name: string) => readonly string[] },
): Promise<CertificateAuthority> {
  cryptoProvider.set(webcrypto);
  const root = await loadRoot(join(context.folder, "ca"), context.now());

  return {
    rootPem: root.certificate.toString("pem"),
    async issue(names, address) {
      for (const name of names) {
        const found = options.resolve(name);
        if (found.includes(address)) continue;
        throw new Error(
          found.length === 0
            ? `no valid A records found for ${name}`
            : `${name} points to ${found.join(", ")}, not to ${address}: the challenge can't be answered`,
        );
      }
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const notBefore = new Date(context.now().getTime() - 60_000);
      const notAfter = new Date(notBefore.getTime() + 90 * DAY);
      const leaf = await X509CertificateGenerator.create({
        serialNumber: context.ids.hex(32),
        subject: `CN=${names[0]}`,
        issuer: root.certificate.subject,
        notBefore,
        notAfter,
        signingKey: root.key,
        publicKey: keys.publicKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value }))),
        ],
      });
      return { certificatePem: `${leaf.toString("pem")}\n`, keyPem: await keyPem(keys.privateKey), notAfter };
    },
  };
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function loadRoot(
  folder: string,
  now: Date,
): Promise<{ readonly certificate: X509Certificate; readonly key: webcrypto.CryptoKey }> {
  const [certificateFile, keyFile] = [join(folder, "root.pem"), join(folder, "root.key")];
  if (existsSync(certificateFile)) {
    const [der] = PemConverter.decode(readFileSync(keyFile, "utf8"));
    const key = await webcrypto.subtle.importKey("pkcs8", der as ArrayBuffer, algorithm, false, ["sign"]);
    return { certificate: new X509Certificate(readFileSync(certificateFile, "utf8")), key };
  }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=Doge local cloud, O=Doge",
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + 3650 * DAY),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  mkdirSync(folder, { recursive: true });
  // The key first: a certificate without its key would be found on the next start.
  writeBeside(keyFile, await keyPem(keys.privateKey), 0o600);
  writeBeside(certificateFile, `${certificate.toString("pem")}\n`, 0o644);
  return { certificate, key: keys.privateKey };
}

function writeBeside(path: string, content: string, mode: number): void {
  writeFileSync(`${path}.tmp`, content, { mode, flush: true });
  renameSync(`${path}.tmp`, path);
}
