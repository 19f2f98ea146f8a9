import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../src/settings.ts";

const production = {
  DOGE_ENVIRONMENT: "prod",
  PORT: "8080",
  DATABASE_URL: "postgres://a:b@c/d",
  SITE_URL: "https://example.com",
  SECRET_KEY: "0123456789abcdef0123456789abcdef",
};

test("settings come from the environment", () => {
  const settings = readSettings(production);
  assert.equal(settings.port, 8080);
  assert.equal(settings.environment, "prod");
  assert.equal(settings.release, "unreleased");
  assert.equal(settings.adminPath, "/admin/");
});

test("on a developer's machine, the database alone must be named", () => {
  assert.equal(readSettings({ DATABASE_URL: "postgres://x" }).registrationOpen, true);
});

test("everything that is wrong is named at once, and no secret with it", () => {
  const wrong = {
    DOGE_ENVIRONMENT: "prod",
    PORT: "http",
    SITE_URL: "example.com/path",
    SECRET_KEY: "short",
    MAIL_URL: "carrier-pigeon:secret-2",
    STORAGE_URL: "s3://key-without-secret-3",
    ADMIN_PATH: "admin",
    REGISTRATION_OPEN: "perhaps",
  };
  assert.throws(
    () => readSettings(wrong),
    (thrown: Error) => {
      assert.deepEqual(thrown.message.split("\n"), [
        'PORT must be a whole number from 0 to 65535, but is "http"',
        "SITE_URL must be an origin without a path, such as https://example.com",
        "SECRET_KEY must have at least 32 characters",
        "DATABASE_URL is missing: set it to postgres://user:password@host:5432/database",
        "MAIL_URL must be smtp://user:password@host:587 or folder:PATH",
        "STORAGE_URL must be s3://KEY:SECRET@HOST/BUCKET or folder:PATH",
        "ADMIN_PATH must be a path such as /admin/, with both slashes",
        'REGISTRATION_OPEN must be true or false, but is "perhaps"',
      ]);
      return true;
    },
  );
});
