import { expect, test } from "vitest";
import { embeddedPostgres } from "../../src/droplet/runtimes/postgres-programs.ts";
import { startRig } from "./support.ts";

test("Postgres from the npm package: for machines without one", async () => {
  const [postgres] = embeddedPostgres();
  expect(postgres).toBeDefined();
  const rig = await startRig({ postgres: postgres ?? "" });
  try {
    const check = "--health-cmd 'pg_isready -h 127.0.0.1 -U shop' --health-interval 100ms --health-retries 100";
    await rig.ok(`docker run -d --name db ${check} -e POSTGRES_USER=shop -e POSTGRES_PASSWORD=x postgres:18`);
    await rig.ok(
      "for i in $(seq 200); do [ $(docker inspect -f '{{.State.Health.Status}}' db) = healthy ] && exit 0; sleep 0.1; done; docker logs db; exit 1",
    );
    expect(await rig.ok("docker exec db postgres --version")).toMatch(/^postgres \(PostgreSQL\) 18\./);
  } finally {
    await rig.close();
  }
});
