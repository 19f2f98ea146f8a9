import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "@doge/core";
import { nodeClock } from "@doge/core/node";
import { compose } from "../../src/containers/docker.ts";
import { ensureLogin, loginOf, retireLogin } from "../../src/database/role.ts";
import { connectHost, type Host } from "../../src/index.ts";
import { freePort } from "../support/droplet.ts";
import { makeKeys, type SshServer, startSshServer } from "../support/ssh-server.ts";

const bin = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim() ?? "";
const have = bin !== "" && spawnSync(join(bin, "initdb"), ["--version"]).status === 0;
// Postgres refuses to run as root.
const asServer = (command: string): void => {
  const argv = process.getuid?.() === 0 ? ["su", "postgres", "-s", "/bin/sh", "-c", command] : ["sh", "-c", command];
  execFileSync(argv[0] ?? "sh", argv.slice(1), { stdio: "ignore" });
};
const files = (user: string, password: string) => [
  { path: ".envs/.production/.postgres", content: new Secret("POSTGRES_USER=app\nPOSTGRES_DB=shop\n") },
  {
    path: ".envs/.production/.app",
    content: new Secret(`DATABASE_URL=postgres://${user}:${password}@postgres:5432/shop\n`),
  },
];
const login = (user: string, password: string) => {
  const found = loginOf(files(user, password), [".envs/.production/.app"]);
  if (!found) throw new Error("no login");
  return found;
};

test("only a URL that leads to the droplet's own database has a login there", () => {
  const of = (url: string) =>
    loginOf(
      [...files("app", "x"), { path: ".envs/.staging/.app", content: `DATABASE_URL=${url}\n` }],
      [".envs/.production/.app", ".envs/.staging/.app"],
    )?.user;
  expect(of("postgres://app_b:y@postgres:5432/shop")).toBe("app_b");
  expect(of("postgres://app:y@db.example.com/shop")).toBeUndefined();
  expect(of("postgres://other:y@postgres/shop")).toBeUndefined();
  expect(of("none")).toBeUndefined();
});

describe.skipIf(!have)("the app's role (needs Postgres)", () => {
  let folder: string;
  let server: SshServer;
  let host: Host;
  let port: number;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  /** Over TCP, where a password is asked for. */
  const sql = (user: string, password: string, text: string): string => {
    const env = { ...process.env, PGPASSWORD: password, PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: user };
    const { stdout, stderr, status } = spawnSync(join(bin, "psql"), ["-AtqXc", text, "shop"], {
      encoding: "utf8",
      env,
    });
    return status === 0 ? stdout.trim() : `refused: ${stderr.includes("password authentication failed")}`;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "doge-role-"));
    chmodSync(folder, 0o777);
    port = await freePort();
    writeFileSync(join(folder, "first"), "one\n", { mode: 0o644 });
    asServer(
      `${bin}/initdb -D ${folder}/data -U app --auth-local=trust --auth-host=scram-sha-256 --pwfile=${folder}/first --no-sync`,
    );
    asServer(`${bin}/pg_ctl -D ${folder}/data -o "-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -F" -w start`);
    const env = { PGHOST: folder, PGPORT: String(port), POSTGRES_USER: "app" };
    execFileSync(join(bin, "createdb"), ["-U", "app", "shop"], { env: { ...process.env, ...env } });
    mkdirSync(join(folder, "bin"));
    const engine = '#!/bin/sh\nwhile [ "$1" != postgres ]; do shift; done; shift; exec "$@"\n';
    writeFileSync(join(folder, "bin/docker"), engine, { mode: 0o755 });
    const [hostKey, user] = [makeKeys(), makeKeys()];
    server = await startSshServer({
      hostKey,
      user,
      env: { ...env, PATH: `${folder}/bin:${bin}:${process.env["PATH"]}` },
    });
    const { privateKey } = user;
    host = await connectHost({
      host: "127.0.0.1",
      port: server.port,
      user: "doge",
      privateKey: new Secret(privateKey),
      hostKey: hostKey.publicKey,
      clock: nodeClock,
    });
  });
  afterAll(async () => {
    await host.close();
    await server.stop();
    asServer(`${bin}/pg_ctl -D ${folder}/data -m immediate stop`);
    rmSync(folder, { recursive: true, force: true });
  });

  test("takes turns: both passwords work until the old one is retired, and what either makes is the owner's", async () => {
    expect(sql("app", "one", "CREATE TABLE wows (id int)")).toBe("");
    await ensureLogin(host, services, login("app_b", "two"));
    await ensureLogin(host, services, login("app_b", "two"));
    expect(sql("app", "one", "INSERT INTO wows VALUES (1)")).toBe("");
    expect(
      sql("app_b", "two", "INSERT INTO wows VALUES (2); CREATE TABLE more (id int); SELECT count(*) FROM wows"),
    ).toBe("2");
    expect(sql("app_b", "two", "SELECT tableowner FROM pg_tables WHERE tablename = 'more'")).toBe("app");
    await retireLogin(host, services, login("app_b", "two"));
    expect(sql("app", "one", "SELECT 1")).toBe("refused: true");

    await ensureLogin(host, services, login("app", "three"));
    expect(sql("app_b", "two", "SELECT 1")).toBe("1");
    expect(sql("app", "three", "ALTER TABLE more ADD x int; SELECT 1")).toBe("1");
    await retireLogin(host, services, login("app", "three"));
    expect(sql("app_b", "two", "SELECT 1")).toBe("refused: true");
    expect(sql("app", "one", "SELECT 1")).toBe("refused: true");
  });
});
