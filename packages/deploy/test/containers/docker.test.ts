import { expect, test } from "vitest";
import { compose, docker } from "../../src/containers/docker.ts";
import { commandLine, quote, shellScript } from "../../src/host/quote.ts";

const line = (argv: readonly string[]): string => argv.join(" ");
const services = compose({
  name: "services",
  files: ["/home/doge/doge/shop/compose.production.yaml", "/home/doge/doge/shop/compose.staging.yaml"],
  directory: "/home/doge/doge/shop",
});
const prefix =
  "docker compose --project-name services --project-directory /home/doge/doge/shop --file /home/doge/doge/shop/compose.production.yaml --file /home/doge/doge/shop/compose.staging.yaml";

test("docker commands, to the letter", () => {
  expect(line(docker.login("ghcr.io", "ada"))).toBe("docker login ghcr.io --username ada --password-stdin");
  expect(line(docker.pull("ghcr.io/ada/shop@sha256:1"))).toBe("docker pull --quiet ghcr.io/ada/shop@sha256:1");
  expect(line(docker.signal("app-blue", "SIGUSR1"))).toBe("docker kill --signal SIGUSR1 app-blue");
  expect(line(docker.restart("app-blue", 10))).toBe("docker restart --time 10 app-blue");
  expect(line(docker.setCpuShares("app-blue", 2_600))).toBe("docker update --cpu-shares 2600 app-blue");
  expect(line(docker.logs("app-blue", { tail: 5, follow: true }))).toBe("docker logs --tail 5 --follow app-blue");
});

test("compose commands, to the letter", () => {
  expect(line(services.up({ wait: true }))).toBe(`${prefix} up --detach --remove-orphans --wait`);
  expect(line(services.up({ recreate: true }))).toBe(`${prefix} up --detach --remove-orphans --force-recreate`);
  expect(line(services.runOnce("app", ["node", "x"]))).toBe(`${prefix} run --rm --no-deps -T app node x`);
  expect(line(services.exec("postgres", ["psql"]))).toBe(`${prefix} exec -T postgres psql`);
  expect(line(services.stop())).toBe(`${prefix} stop`);
  expect(line(services.down({ volumes: true }))).toBe(`${prefix} down --remove-orphans --volumes`);
  expect(line(services.logs(["caddy"], { tail: 9 }))).toBe(`${prefix} logs --no-color --tail 9 caddy`);
});

test("words are quoted only where a shell needs it", () => {
  expect(quote("plain-1.2/x:y@z")).toBe("plain-1.2/x:y@z");
  expect(quote("it's")).toBe(`'it'\\''s'`);
  expect(quote("")).toBe("''");
  expect(commandLine(shellScript('echo "$1"', "a b"))).toBe(`sh -ceu 'echo "$1"' sh 'a b'`);
});
