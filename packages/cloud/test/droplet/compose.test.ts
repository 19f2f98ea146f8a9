import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app, dockerArchive, image, type Rig, run, startRig } from "./support.ts";

const services = `
services:
  postgres:
    image: postgres:17-alpine
    environment:
      POSTGRES_USER: shop
      POSTGRES_DB: shop
      POSTGRES_PASSWORD: \${DB_PASSWORD:?set it}
    volumes: ["data:/var/lib/postgresql/data"]
    networks: [doge]
    restart: unless-stopped
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U $$POSTGRES_USER -d $$POSTGRES_DB"]
      interval: 100ms
      retries: 100
  caddy:
    image: caddy:2
    command: ["caddy", "run", "--config", "/etc/caddy/caddy.json"]
    volumes: ["./edge:/etc/caddy:ro", "caddy:/data"]
    ports: ["80:80", "443:443", "127.0.0.1:2019:2019"]
    networks: [doge]
    restart: unless-stopped
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:2019/config/"]
      interval: 100ms
volumes: { data: {}, caddy: {} }
networks: { doge: { name: doge } }
`;

const edge = {
  admin: { listen: "0.0.0.0:2019" },
  apps: {
    http: {
      servers: {
        edge: {
          listen: [":443"],
          routes: [
            {
              match: [{ host: ["shop.example"] }],
              handle: [
                {
                  handler: "reverse_proxy",
                  upstreams: [{ dial: "app-blue:3000" }, { dial: "app-green:3000" }],
                  load_balancing: {
                    selection_policy: { policy: "least_conn" },
                    try_duration: "5s",
                    try_interval: "50ms",
                  },
                  health_checks: { active: { uri: "/readyz", interval: "50ms", timeout: "1s" } },
                },
              ],
              terminal: true,
            },
          ],
        },
      },
    },
  },
};

const release = (slot: string, port: number) => `
name: app-${slot}
services:
  app:
    image: shop:1
    container_name: app-${slot}
    restart: unless-stopped
    init: true
    environment: { PORT: "3000", RELEASE: ${slot}, DATABASE_URL: "postgres://shop:s3cret@postgres:5432/shop" }
    networks: { doge: { aliases: [app-${slot}] } }
    ports: ["127.0.0.1:${port}:3000"]
    stop_grace_period: 5s
networks: { doge: { external: true } }
`;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  const files = { "app/server.mjs": app, "app/reach.mjs": reach };
  await rig.ok("docker load -q", await dockerArchive("shop:1", await image([files])));
  await rig.ok("mkdir -p edge && cat > edge/caddy.json", JSON.stringify(edge));
  await rig.ok("cat > compose.yaml", services);
  await rig.ok("cat > .env", "DB_PASSWORD=s3cret\n");
  await rig.ok("cat > blue.yaml", release("blue", 4301));
  await rig.ok("cat > green.yaml", release("green", 4302));
});
afterAll(() => rig.close());

/** Talks to a name and port of the network by its own dns.lookup and socket. */
const reach = `
import { connect } from "node:net";
const [host, port] = process.argv.slice(2);
const socket = connect(Number(port), host, () => { console.log("reached"); socket.end(); });
socket.on("error", (thrown) => { console.log(thrown.code); process.exit(1); });
`;

describe("compose on a droplet", () => {
  test("brings up Postgres and the edge, and waits until both are healthy", async () => {
    const result = await rig.ssh("docker compose -p services up -d --wait --remove-orphans");
    expect(result.stderr).toContain(" Container services-postgres-1  Healthy\n");
    expect(result.code).toBe(0);
    const rows = (await rig.ok("docker compose -p services ps --all --format json"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rows).toMatchObject([
      { Service: "caddy", State: "running", Health: "healthy" },
      { Service: "postgres", State: "running", Health: "healthy", ExitCode: 0 },
    ]);
  });

  test("what is as it should be is left alone; what changed is made anew", async () => {
    const ids = await rig.ok("docker compose -p services ps -q");
    await rig.ok("docker compose -p services up -d");
    expect(await rig.ok("docker compose -p services ps -q")).toBe(ids);
    await rig.ok("sed 's/retries: 100/retries: 99/' compose.yaml > changed.yaml");
    await rig.ok("docker compose -p services -f changed.yaml up -d --wait");
    const [caddy, postgres] = (await rig.ok("docker compose -p services ps -q")).trim().split("\n");
    expect([ids.includes(caddy ?? "-"), ids.includes(postgres ?? "-")]).toEqual([true, false]);
  });

  test("Postgres is a real one: by its socket, by password, dump and restore", async () => {
    const sql = (line: string) =>
      rig.ok(
        `docker compose -p services exec -T postgres sh -c 'psql -qtA -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"'`,
        line,
      );
    await sql("create table dogs (name text); insert into dogs values ('rex');");
    await rig.ok(
      `docker compose -p services exec -T postgres sh -c 'pg_dump -U "$POSTGRES_USER" -d "$POSTGRES_DB" --format custom' > dump </dev/null`,
    );
    expect(
      await rig.ok("docker compose -p services exec -T postgres pg_restore --list < dump | grep -c 'TABLE DATA'"),
    ).toBe("1\n");
    await sql("delete from dogs");
    await rig.ok(
      `docker compose -p services exec -T postgres sh -c 'pg_restore -U "$POSTGRES_USER" -d "$POSTGRES_DB" --clean --if-exists --single-transaction' < dump`,
    );
    expect(await sql("select * from dogs")).toBe("rex\n");
    const url = (password: string) =>
      rig.ssh(
        `docker run --rm --network doge -e PGPASSWORD=${password} postgres:17-alpine psql -h postgres -U shop -tAc 'select 1'`,
      );
    expect((await url("s3cret")).stdout).toBe("1\n");
    expect((await url("wrong")).stderr).toContain("password authentication failed");
  });

  test("containers find each other by name; strangers to the network don't", async () => {
    expect(await rig.ok("docker run --rm --network doge shop:1 node reach.mjs postgres 5432")).toBe("reached\n");
    const stranger = await rig.ssh("docker run --rm shop:1 node reach.mjs postgres 5432");
    expect([stranger.code, stranger.stdout]).toEqual([1, "ENOTFOUND\n"]);
    // A name of the local cloud's zones: the droplet's own address.
    expect(await rig.ok("docker run --rm shop:1 node reach.mjs shop.example 443")).toBe("reached\n");
  });

  test("two releases side by side behind the edge; the switch drops nothing", async () => {
    await rig.ok("docker compose -f blue.yaml up -d");
    await rig.ok("for i in $(seq 100); do curl -sf http://127.0.0.1:4301/readyz && break; sleep 0.05; done");
    await expect.poll(() => site(rig).catch(() => "not yet"), { timeout: 15_000 }).toMatch(/^blue on /);
    await rig.ok("docker compose -f green.yaml up -d");
    const seen = new Map<string, number>();
    const stopped = new AbortController();
    const load = (async () => {
      while (!stopped.signal.aborted) {
        const [slot = ""] = (await site(rig).catch((thrown: Error) => `failed: ${thrown.message}`)).split(" ");
        seen.set(slot, (seen.get(slot) ?? 0) + 1);
      }
    })();
    await rig.ok("for i in $(seq 100); do curl -sf http://127.0.0.1:4302/readyz && break; sleep 0.05; done; sleep 0.3");
    await rig.ok(
      "docker kill --signal USR1 app-blue; sleep 0.3; curl -s http://127.0.0.1:2019/reverse_proxy/upstreams",
    );
    await rig.ok("docker compose -f blue.yaml stop --timeout 5");
    await expect.poll(() => site(rig)).toMatch(/^green on /);
    stopped.abort();
    await load;
    expect([...seen.keys()].filter((slot) => slot !== "blue" && slot !== "green")).toEqual([]);
    expect(seen.get("green")).toBeGreaterThan(0);
    expect(await rig.ok("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' app-blue")).toBe("exited 0\n");
    expect(await rig.ok("docker compose -f green.yaml logs --no-color | grep listening")).toBe(
      "app-green  | listening on ::\n",
    );
  });

  test("after a restart of the local cloud everything is back, with its data", async () => {
    await rig.restart();
    await expect.poll(() => site(rig).catch(() => "not yet"), { timeout: 15_000 }).toMatch(/^green on /);
    expect(await rig.ok(`docker compose -p services exec -T postgres psql -U shop -tAc 'select name from dogs'`)).toBe(
      "rex\n",
    );
    // Stopped by hand stays stopped.
    expect(await rig.ok("docker inspect -f '{{.State.Status}}' app-blue")).toBe("exited\n");
    const kinds = (await rig.droplets.service.inventory()).map(({ kind, name }) => `${kind} ${name}`);
    expect(kinds.sort()).toEqual([
      "container shop-prod/app-green",
      "container shop-prod/services-caddy-1",
      "container shop-prod/services-postgres-1",
      "machine shop-prod",
    ]);
  });

  test("down takes away containers and networks, with --volumes the data too", async () => {
    await rig.ok("docker compose -f green.yaml down && docker compose -f blue.yaml down");
    await rig.ok("docker compose -p services down --volumes");
    expect(await rig.ok("docker ps -aq; docker volume ls -q; docker network ls --format '{{.Name}}'")).toBe(
      "bridge\nhost\nnone\n",
    );
  });

  test("mistakes in the file are named", async () => {
    await rig.ok("printf 'services: { web: { image: shop:1, prots: [80] } }' > bad.yaml");
    expect((await rig.ssh("docker compose -f bad.yaml config")).stderr).toContain(
      "services.web additional properties 'prots' not allowed",
    );
    expect((await rig.ssh("env -u DB_PASSWORD docker compose --env-file /dev/null config -q")).stderr).toContain(
      "required variable DB_PASSWORD is missing a value: set it",
    );
    expect((await rig.ssh("docker compose -f green.yaml up -d")).stderr).toContain(
      "network doge declared as external, but could not be found",
    );
  });

  test("destroying the droplet leaves no process and no file", async () => {
    await rig.ok("docker compose -p services up -d --wait");
    await rig.droplets.machines.destroy(rig.spec.id);
    expect(await rig.droplets.service.inventory()).toEqual([]);
    expect(
      execFileSync("ps", ["-eo", "args"])
        .toString()
        .split("\n")
        .filter((line) => line.includes(rig.folder)),
    ).toEqual([]);
  });
});

/** The site as the world sees it: at the droplet's public address, by name. */
async function site({ spec, network }: Rig): Promise<string> {
  const place = network.locate(spec.address, 443);
  const there = ["--connect-to", `::${place?.host}:${place?.port}`];
  const { code, stdout, stderr } = await run("curl", ["-sSk", "--max-time", "8", ...there, "https://shop.example/"]);
  if (code !== 0) throw new Error(stderr.trim());
  return stdout;
}
