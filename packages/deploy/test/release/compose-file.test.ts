import { expect, test } from "vitest";
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
    container_name: app-green
    restart: unless-stopped
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
    networks:
      doge:
        aliases:
          - app-green
    ports:
      - 127.0.0.1:4302:3000
    stop_grace_period: 30s
    logging:
      driver: json-file
      options:
        max-size: 10m
        max-file: "5"
networks:
  doge:
    external: true
`);
});

test("a task has neither the name nor the port of a release", () => {
  const text = taskComposeFile(options);
  expect(text).toContain("name: app-task");
  expect(text).not.toMatch(/container_name|ports|aliases/);
});
