import { createHash } from "node:crypto";
import { Hono } from "hono";
import { Fields, listAnswer, notFound, unprocessable, type Env } from "./api.ts";
import type { Office, SshKey } from "./model.ts";

/** `/v2/account/keys`: by id or by fingerprint. */
export function keyRoutes({ keys, context }: Office): Hono<Env> {
  const find = (identifier: string): SshKey => {
    const key = keys.get(identifier) ?? keys.list((each) => each.fingerprint === identifier)[0];
    if (!key) throw notFound();
    return key;
  };
  return new Hono<Env>()
    .get("/", (c) => listAnswer(c, "ssh_keys", keys.list()))
    .post("/", async (c) => {
      const fields = await Fields.of(c);
      const [name, publicKey] = [fields.required("name"), fields.required("public_key")];
      const fingerprint = fingerprintOf(publicKey);
      if (!fingerprint) throw unprocessable("Key invalid, key should be of format `type key [comment]`");
      if (keys.list((each) => each.fingerprint === fingerprint).length > 0) {
        throw unprocessable("SSH Key is already in use on your account");
      }
      const id = 41_000_000 + context.ids.next("digitalocean.key");
      return c.json({ ssh_key: keys.put(id, { id, fingerprint, public_key: publicKey, name }) }, 201);
    })
    .get("/:identifier", (c) => c.json({ ssh_key: find(c.req.param("identifier")) }))
    .put("/:identifier", async (c) => {
      const key = find(c.req.param("identifier"));
      const name = (await Fields.of(c)).required("name");
      return c.json({ ssh_key: keys.put(key.id, { ...key, name }) });
    })
    .delete("/:identifier", (c) => {
      keys.delete(find(c.req.param("identifier")).id);
      return c.body(null, 204);
    });
}

/** MD5 with colons, as DigitalOcean shows keys; undefined where the text is no public key. */
export function fingerprintOf(publicKey: string): string | undefined {
  const [type, base64] = publicKey.trim().split(/\s+/);
  if (!type || !base64 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, "base64");
  // The blob begins with its own type, after a length of four bytes.
  if (blob.length < 4 + type.length || blob.toString("latin1", 4, 4 + type.length) !== type) return undefined;
  return createHash("md5")
    .update(blob)
    .digest("hex")
    .replace(/..(?!$)/g, "$&:");
}
