import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";

const first = Number(process.env["SEED"] ?? 1);

test(`200 seeds from ${first} give diagnostics or values, nothing else`, { timeout: 120_000 }, async () => {
  for (let seed = first; seed < first + 200; seed++) await expect(fuzz(seed)).resolves.toBeUndefined();
});
