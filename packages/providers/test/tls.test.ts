import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { privateKey } from "../src/tls/index.ts";
import { describedBy, work } from "./kit.ts";

const folder = mkdtempSync(join(tmpdir(), "doge-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasSshKeygen = (() => {
  try {
    execFileSync("ssh-keygen", ["-?"], { stdio: "ignore" });
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== "ENOENT";
  }
})();

const make = (config: Record<string, unknown>) =>
  privateKey.reconcile(
    undefined,
    { config: { rsa_bits: 2048, ecdsa_curve: "P224", ...config }, prior: undefined, created: async () => {} },
    work(),
  );

const kinds = [
  { config: { algorithm: "ED25519" }, ssh: "ssh-ed25519", pem: "PRIVATE KEY" },
  { config: { algorithm: "RSA", rsa_bits: 2048 }, ssh: "ssh-rsa", pem: "RSA PRIVATE KEY" },
  { config: { algorithm: "ECDSA", ecdsa_curve: "P256" }, ssh: "ecdsa-sha2-nistp256", pem: "EC PRIVATE KEY" },
  { config: { algorithm: "ECDSA", ecdsa_curve: "P384" }, ssh: "ecdsa-sha2-nistp384", pem: "EC PRIVATE KEY" },
  { config: { algorithm: "ECDSA", ecdsa_curve: "P521" }, ssh: "ecdsa-sha2-nistp521", pem: "EC PRIVATE KEY" },
];

describe.each(kinds)("$ssh", ({ config, ssh, pem }) => {
  test("has every attribute, in the forms of the official provider", async () => {
    const key = await make(config);
    expect(describedBy(privateKey.schema, key)).toEqual([]);
    expect(key["private_key_pem"]).toMatch(new RegExp(`^-----BEGIN ${pem}-----\n`));
    expect(key["private_key_pem_pkcs8"]).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(key["public_key_openssh"]).toMatch(new RegExp(`^${ssh} [A-Za-z0-9+/=]+\n$`));
    expect(key["id"]).toMatch(/^[0-9a-f]{40}$/);
    expect(
      createPrivateKey(String(key["private_key_pem"])).equals(createPrivateKey(String(key["private_key_pem_pkcs8"]))),
    ).toBe(true);
  });

  // Ten keys: lengths of integers vary from key to key.
  test.skipIf(!hasSshKeygen)("is read by ssh-keygen, which finds the same public key and fingerprints", async () => {
    for (let i = 0; i < (ssh === "ssh-rsa" ? 2 : 6); i++) {
      const key = await make(config);
      const file = join(folder, `${ssh}-${i}`);
      writeFileSync(file, String(key["private_key_openssh"]), { mode: 0o600 });
      const keygen = (...args: string[]) => execFileSync("ssh-keygen", args, { encoding: "utf8" });
      expect(keygen("-y", "-f", file).trim()).toBe(String(key["public_key_openssh"]).trim());
      expect(keygen("-l", "-E", "sha256", "-f", file)).toContain(` ${String(key["public_key_fingerprint_sha256"])} `);
      expect(keygen("-l", "-E", "md5", "-f", file)).toContain(` MD5:${String(key["public_key_fingerprint_md5"])} `);
    }
  });
});

test("P224, the default curve, has no SSH forms", async () => {
  const key = await make({ algorithm: "ECDSA" });
  expect(key["private_key_pem"]).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
  expect([key["public_key_openssh"], key["private_key_openssh"], key["public_key_fingerprint_sha256"]]).toEqual([
    "",
    "",
    "",
  ]);
});

test("every key is another one; a key in the state stays as it is", async () => {
  const [one, two] = await Promise.all([make({ algorithm: "ED25519" }), make({ algorithm: "ED25519" })]);
  expect(one["id"]).not.toBe(two["id"]);
  expect(await privateKey.read(undefined, one, work())).toEqual(one);
});

test.each([
  [{ algorithm: "DSA" }, "algorithm"],
  [{ algorithm: "ECDSA", ecdsa_curve: "P255" }, "ecdsa_curve"],
])("%j is refused before any key is made", (config, address) => {
  expect(privateKey.validate?.(config)).toMatchObject([{ code: "tls-unknown-value", address }]);
});

test("private keys are marked sensitive, public ones are not", () => {
  const { attributes } = privateKey.schema;
  const marked = Object.entries(attributes).flatMap(([name, a]) => ("sensitive" in a ? [name] : []));
  expect(marked).toEqual(["private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"]);
});
