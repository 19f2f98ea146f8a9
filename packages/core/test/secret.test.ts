import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Redactor, scrubUrls, Secret } from "../src/index.ts";

test("a secret shows itself nowhere but when asked", () => {
  const secret = new Secret("hunter2-hunter2");
  const shown = [
    String(secret),
    "in ".concat(secret as never),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }),
  ];
  for (const text of shown) expect(text).not.toContain("hunter2");
  expect(secret.reveal()).toBe("hunter2-hunter2");
});

test("a redactor knows a value in its usual disguises", () => {
  const redactor = new Redactor();
  const key = "-----BEGIN KEY-----\nabcdefgh/ijkl+mn==\n-----END KEY-----";
  redactor.add(new Secret("p@ss/word&more"));
  redactor.add(key);
  const texts = [
    "plain p@ss/word&more",
    `base64 ${Buffer.from("p@ss/word&more").toString("base64")}`,
    `url ${encodeURIComponent("p@ss/word&more")}`,
    `json ${JSON.stringify(key)}`,
    "one line of it: abcdefgh/ijkl+mn==",
  ];
  expect(texts.map((text) => redactor.redact(text))).toEqual([
    "plain ***",
    "base64 ***",
    "url ***",
    'json "***"',
    "one line of it: ***",
  ]);
});

test("values too short to hide are left alone", () => {
  const redactor = new Redactor();
  redactor.add("abc");
  expect(redactor.redact("abc abc")).toBe("abc abc");
});

test("URLs lose their passwords", () => {
  expect(scrubUrls("postgres://app:s3cret@db:5432/app and https://x-access-token:t0k3n@host/r.git")).toBe(
    "postgres://***@db:5432/app and https://***@host/r.git",
  );
  expect(scrubUrls("https://host:8443/path?at=a@b")).toBe("https://host:8443/path?at=a@b");
});
