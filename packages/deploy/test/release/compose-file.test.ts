import { expect, test } from "vitest";
import { parse } from "yaml";
import { releaseComposeFile, taskComposeFile } from "../../src/release/compose-file.ts";

const options = {
  target: { project: "shop", environment: "stage" },
  slot: "green",
  number: 7,
  image: { reference: "ghcr.io/ada/shop@sha256:1", digest: "sha256:1", tree: "t", commit: "c" },
  settings: {
    domains: ["staging.shop.test"],
    port: 3000,
    alivePath: "/healthz",
    readyPath: "/readyz",
    environment: { LOG_LEVEL: "info" },
    appEnvFiles: [".envs/.production/.app", ".envs/.staging/.app"],
  },
} as const;

test("a release's compose file, to the letter", () => {
  expect(releaseComposeFile(options)).toBe(`# Written by doge deploy: release 7 of shop.
name: app-green
services:
  app:
    image: ghcr.io/ada/shop@sha256:1
    init: true
    env_file:
      - .envs/.production/.app
      - .envs/.staging/.app
    environment:
      LOG_LEVEL: info
      PORT: "3000"
      DOGE_ENVIRONMENT: stage
      DOGE_RELEASE: "7"
      DOGE_COMMIT: c
    labels:
      dev.doge.project: shop
      dev.doge.release: "7"
      dev.doge.tree: t
    logging:
      driver: json-file
      options:
        max-size: 10m
        max-file: "5"
    container_name: app-green
    restart: unless-stopped
    networks:
      doge:
        aliases:
          - app-green
    ports:
      - 127.0.0.1:4302:3000
    stop_grace_period: 30s
    cpu_shares: 256
networks:
  doge:
    external: true
`);
});

test("a task has neither the name nor the port of a release, and gives way to what serves", () => {
  const text = taskComposeFile(options);
  expect(text).toContain("cpu_shares: 256");
  expect(text).toContain("name: app-task");
  expect(text).not.toMatch(/container_name|ports|aliases/);
});

test("workers always run, jobs only when they are run, each with its limits and its grace", () => {
  const { services } = parse(
    releaseComposeFile({
      ...options,
      settings: {
        ...options.settings,
        memory: "512m",
        processes: {
          worker: { command: ["node", "worker.ts"], replicas: 2, memory: "256m", cpus: 0.5, graceSeconds: 120 },
          report: { command: ["node", "report.ts"], schedule: "@daily", stopSignal: "SIGINT" },
        },
      },
    }),
  ) as { services: Record<string, Record<string, unknown>> };
  expect(services["app"]).toMatchObject({ mem_limit: "512m" });
  expect(services["worker"]).toMatchObject({
    image: "ghcr.io/ada/shop@sha256:1",
    command: ["node", "worker.ts"],
    restart: "unless-stopped",
    scale: 2,
    mem_limit: "256m",
    cpus: 0.5,
    stop_signal: "SIGTERM",
    stop_grace_period: "120s",
    networks: ["doge"],
  });
  expect(services["report"]).toMatchObject({ profiles: ["jobs"], stop_signal: "SIGINT", stop_grace_period: "60s" });
  expect(services["report"]).not.toHaveProperty("restart");
});

test("a confined app writes in /tmp alone, its workers too, and the file has no aliases", () => {
  const settings = { ...options.settings, readOnly: true, processes: { worker: { command: ["node", "worker.ts"] } } };
  const text = releaseComposeFile({ ...options, settings });
  const { services } = parse(text) as { services: Record<string, unknown> };
  const confined = { read_only: true, tmpfs: ["/tmp"], cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] };
  expect(services["app"]).toMatchObject(confined);
  expect(services["worker"]).toMatchObject(confined);
  expect(text).not.toMatch(/[&*]a1/);
});
