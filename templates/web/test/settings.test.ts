import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../src/settings.ts";

test("settings come from the environment", () => {
  const settings = readSettings({ PORT: "8080", DATABASE_URL: "postgres://a:b@c/d", DOGE_ENVIRONMENT: "prod" });
  assert.equal(settings.port, 8080);
  assert.equal(settings.environment, "prod");
  assert.equal(settings.release, "unreleased");
});

test("everything that is wrong is named at once", () => {
  assert.throws(() => readSettings({ PORT: "http" }), {
    name: "SettingsError",
    message: /PORT must be a port number, but is "http"\nDATABASE_URL is missing/,
  });
});
