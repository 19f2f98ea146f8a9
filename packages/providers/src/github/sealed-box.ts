/** A value that only the holder of the private key opens: libsodium's sealed box. Key and result in base64. */
export async function seal(value: string, publicKey: string): Promise<string> {
  // WebAssembly that takes a while to start: only who writes a secret waits for it.
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  return Buffer.from(sodium.crypto_box_seal(Buffer.from(value), Buffer.from(publicKey, "base64"))).toString("base64");
}
