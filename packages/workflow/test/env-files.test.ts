import { Secret } from "@doge/core";
import { expect, test } from "vitest";
import { keysThatDiffer } from "../src/env/diff.ts";
import { dropletEnvFiles, envFileMap, envFilesFromSecrets } from "../src/env/files.ts";
import { renewed, withoutFormerKey } from "../src/env/rotate.ts";
import { credentialsFile } from "../src/settings.ts";

const production = { ".app": new Secret("A=1\n"), ".postgres": new Secret("P=2\n") };
const staging = { ".app": new Secret("A=3\n") };

test("staging carries both sets, production its own, base64 as the seed has it", () => {
  expect(envFileMap("stage", production, staging)).toEqual({
    PROD_APP: "QT0xCg==",
    PROD_POSTGRES: "UD0yCg==",
    STAGE_APP: "QT0zCg==",
  });
  expect(envFileMap("prod", production, staging)).toEqual({ PROD_APP: "QT0xCg==", PROD_POSTGRES: "UD0yCg==" });
});

test("a job's secrets give the same files back, and nothing else", () => {
  const secrets = { ...envFileMap("stage", production, staging), SSH_KEY: "x", GITHUB_TOKEN: "y" };
  const back = envFilesFromSecrets(JSON.stringify(secrets));
  expect(Object.keys(back.production)).toEqual([".app", ".postgres"]);
  expect(back.production[".app"]?.reveal()).toBe("A=1\n");
  expect(back.staging[".app"]?.reveal()).toBe("A=3\n");
});

test("the app reads production's file first, staging's over it", () => {
  const { files, app } = dropletEnvFiles("stage", production, staging);
  expect(files.map((f) => f.path)).toEqual([
    ".envs/.production/.app",
    ".envs/.production/.postgres",
    ".envs/.staging/.app",
  ]);
  expect(app).toEqual([".envs/.production/.app", ".envs/.staging/.app"]);
  expect(dropletEnvFiles("prod", production, staging).app).toEqual([".envs/.production/.app"]);
});

test("the credentials file says of every token where it is made, and takes what is known", () => {
  const text = credentialsFile({ GITHUB_TOKEN: "ghp_x", TFE_TOKEN: "t", TFE_ADDRESS: "http://127.0.0.1:1" });
  expect(text).toContain("GITHUB_TOKEN=ghp_x\n");
  expect(text).toContain("TF_API_TOKEN=t\n");
  expect(text).toContain("DIGITALOCEAN_TOKEN=\n");
  expect(text).toContain("TFE_ADDRESS=http://127.0.0.1:1\n");
});

test("a comparison of env files names keys and no value", () => {
  const here = new Secret('SAME=1\nCHANGED="two words"\n# NEW=0\nNEW=canary\n');
  const differ = keysThatDiffer(here, "CHANGED=other\nGONE=canary\nSAME='1'\n");
  expect(differ).toEqual([
    { key: "CHANGED", state: "changed" },
    { key: "GONE", state: "only there" },
    { key: "NEW", state: "only here" },
  ]);
  expect(keysThatDiffer(undefined, "A=1\n")).toEqual([{ key: "A", state: "only there" }]);
  expect(keysThatDiffer(here, here.reveal())).toEqual([]);
});

test("a rotation replaces what is asked for, and the database's role takes its turn", () => {
  const text =
    "# mine\nDATABASE_URL=postgres://shop:old@postgres:5432/shop\nSECRET_KEY=old\n# METRICS_TOKEN=\nMAIL_URL=smtp://x\n";
  const login = { user: "shop", owner: "shop", password: new Secret("old") };
  const once = renewed(text, ["database"], login);
  expect(once).toMatch(
    /^# mine\nDATABASE_URL=postgres:\/\/shop_b:[\w-]{32}@postgres:5432\/shop\nSECRET_KEY=old\n# METRICS_TOKEN=\n/,
  );
  expect(renewed(once, ["database"], { ...login, user: "shop_b" })).toMatch(
    /DATABASE_URL=postgres:\/\/shop:[\w-]{32}@/,
  );
  const elsewhere = "DATABASE_URL=postgres://shop:old@db.example.com/shop\n";
  expect(renewed(elsewhere, ["database"], login)).toBe(elsewhere);
  const all = renewed(text, ["METRICS_TOKEN", "SECRET_KEY"], login);
  expect(all).toMatch(/shop:old@postgres[^]*\nSECRET_KEY=[\w-]{64}\n# METRICS_TOKEN=\nMAIL_URL=smtp:\/\/x\n$/);
});

test("a rotation keeps the key of before for an app that takes both, and only that one", () => {
  const text = "A=1\nSECRET_KEY=first\nB=2\n";
  const key = (of: string): string | undefined => /^SECRET_KEY=(.*)$/m.exec(of)?.[1];
  const once = renewed(text, ["SECRET_KEY"], undefined, "KEY_BEFORE");
  expect(once).toMatch(/^A=1\nSECRET_KEY=[\w-]{64}\n# SECRET_KEY of before [^\n]*\nKEY_BEFORE=first\nB=2\n$/);
  const twice = renewed(once, ["SECRET_KEY"], undefined, "KEY_BEFORE");
  expect(twice.match(/KEY_BEFORE=.*/g)).toEqual([`KEY_BEFORE=${key(once)}`]);
  expect(withoutFormerKey(twice, "KEY_BEFORE")).toBe(`A=1\nSECRET_KEY=${key(twice)}\nB=2\n`);
  // What isn't there isn't missed, and what somebody wrote there goes, too.
  expect(withoutFormerKey(text, "KEY_BEFORE")).toBe(text);
  expect(withoutFormerKey("KEY_BEFORE=mine", "KEY_BEFORE")).toBe("");
});
