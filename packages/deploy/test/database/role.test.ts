import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "@doge/core";
import { compose } from "../../src/containers/docker.ts";
import { ensureLogin, loginOf, retireLogin } from "../../src/database/role.ts";
import type { Host } from "../../src/index.ts";
import { type DatabaseHost, havePostgres, inPostgres, startDatabaseHost } from "../support/database-host.ts";

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

describe.skipIf(!havePostgres)("the app's role (needs Postgres)", () => {
  let at: DatabaseHost;
  let host: Host;
  const services = compose({ name: "services", files: ["/c.yaml"], directory: "/" });
  const sql: DatabaseHost["sql"] = (user, password, text) => at.sql(user, password, text);

  beforeAll(async () => {
    at = await startDatabaseHost({
      user: "app",
      password: "one",
      docker: inPostgres,
      env: ({ folder, port }) => ({ PGHOST: folder, PGPORT: String(port), POSTGRES_USER: "app" }),
    });
    ({ host } = at);
  });
  afterAll(() => at.stop());

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
