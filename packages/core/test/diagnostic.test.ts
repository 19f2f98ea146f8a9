import { expect, test } from "vitest";
import { diagnosticsOf, DogeError, error, nearest, unwrap } from "../src/index.ts";

test("the nearest name is found, a far one is not", () => {
  expect(nearest("digitalocaen_droplet", ["digitalocean_droplet", "digitalocean_domain"])).toBe("digitalocean_droplet");
  expect(nearest("Domian", ["domain", "name"])).toBe("domain");
  expect(nearest("xyz", ["domain", "name"])).toBeUndefined();
});

test("what we did not expect is called a bug of ours", () => {
  expect(diagnosticsOf(new TypeError("x is undefined"))).toMatchObject([
    { code: "internal", detail: "TypeError: x is undefined" },
  ]);
});

test("unwrap throws the diagnostics of an outcome with errors", () => {
  expect(unwrap({ value: 1, diagnostics: [] })).toBe(1);
  expect(() => unwrap({ diagnostics: [error({ code: "a", summary: "Wrong" })] })).toThrow(DogeError);
});
