/**
 * The server name (SNI) of a TLS ClientHello; `incomplete` where more bytes are needed; undefined where there is none
 * or where this is no TLS.
 */
export function serverNameOf(bytes: Buffer): string | undefined {
  const hello = handshake(bytes);
  if (hello === undefined || hello === "incomplete") return hello;
  try {
    return serverName(hello);
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined; // lengths that lie
    throw thrown;
  }
}

const handshakeRecord = 22;
const clientHello = 1;
const longestHello = 65_536;

/** The body of the ClientHello, put together from the records it is spread over. */
function handshake(bytes: Buffer): Buffer | "incomplete" | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (bytes.length >= at + 5) {
    if (bytes[at] !== handshakeRecord) return undefined;
    const length = bytes.readUInt16BE(at + 3);
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
    const message = Buffer.concat(parts);
    if (message.length < 4) continue;
    if (message[0] !== clientHello) return undefined;
    const wanted = message.readUIntBE(1, 3);
    if (wanted > longestHello) return undefined;
    if (message.length >= 4 + wanted) return message.subarray(4, 4 + wanted);
  }
  return bytes.length > 0 && bytes[0] !== handshakeRecord ? undefined : "incomplete";
}

/** Walks version, random, session, ciphers and compressions to the extension 0. */
function serverName(hello: Buffer): string | undefined {
  let at = 2 + 32;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  if (at === hello.length) return undefined;
  const end = at + 2 + hello.readUInt16BE(at);
  at += 2;
  while (at < end) {
    const [type, length] = [hello.readUInt16BE(at), hello.readUInt16BE(at + 2)];
    // A list of names: its length, then a type (0: host name), a length and the name.
    if (type === 0) return hello.toString("latin1", at + 9, at + 9 + hello.readUInt16BE(at + 7)).toLowerCase();
    at += 4 + length;
  }
  return undefined;
}
