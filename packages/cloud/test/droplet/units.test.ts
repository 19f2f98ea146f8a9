import { describe, expect, test } from "vitest";
import { readCloudInit } from "../../src/droplet/cloud-init.ts";
import { parseDotenv } from "../../src/droplet/compose/dotenv.ts";
import { interpolate } from "../../src/droplet/compose/interpolate.ts";
import { readService } from "../../src/droplet/compose/service.ts";
import { milliseconds, parseFlags } from "../../src/droplet/docker/flags.ts";
import { renderList, renderTemplate } from "../../src/droplet/docker/template.ts";
import { judged } from "../../src/droplet/engine/health.ts";
import { familiar, parseReference } from "../../src/droplet/engine/reference.ts";
import { parsePort, parseVolume } from "../../src/droplet/engine/spec.ts";

test("Go templates", () => {
  const data = {
    Name: "web",
    Labels: { b: "2", a: "1" },
    List: ["x", "y"],
    State: { Up: true },
    Label: (name: string) => `<${name}>`,
  };
  const cases: Record<string, string> = {
    "{{.Name}} {{.State.Up}} {{.Nothing}}": "web true <no value>",
    "{{json .Labels}} {{.Labels}} {{.List}}": '{"b":"2","a":"1"} map[a:1 b:2] [x y]',
    '{{index .Labels "a"}}{{.Label "k"}}{{len .List}}': "1<k>2",
    "{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}": "a=1;b=2;",
    "{{range .List}}[{{.}}]{{else}}none{{end}}": "[x][y]",
    '{{if eq .Name "web"}}yes{{else if .State}}maybe{{else}}no{{end}}': "yes",
    "{{- with .State -}} {{.Up}} {{- end -}}": "true",
    '{{.Name | upper | printf "%s-%q" "a"}}': 'a-"WEB"',
    '{{join .List ","}} {{ (index .List 1) }}': "x,y y",
  };
  const templates = Object.keys(cases);
  expect(Object.fromEntries(templates.map((template) => [template, renderTemplate(template, data)]))).toEqual(cases);
  expect(() => renderTemplate("{{nope .Name}}", data)).toThrow('function "nope" not defined');
  expect(() => renderTemplate("{{if .Name}}", data)).toThrow("unexpected EOF");
});

test("lists: tables, templates and JSON lines", () => {
  const rows = [
    { A: "1", Long: "x" },
    { A: "1234", Long: "y" },
  ];
  expect(renderList(rows, undefined, { A: "A", Long: "LONG" })).toBe("A      LONG\n1      x\n1234   y\n");
  expect(renderList(rows, "table {{.Long}}\\t{{.A}}", { A: "A", Long: "LONG" })).toBe(
    "LONG   A\nx      1\ny      1234\n",
  );
  expect(renderList(rows, "json", {})).toBe('{"A":"1","Long":"x"}\n{"A":"1234","Long":"y"}\n');
});

test("image references, as Docker reads them", () => {
  expect(parseReference("postgres")).toEqual({ registry: "docker.io", repository: "library/postgres", tag: "latest" });
  expect(parseReference("127.0.0.1:7405/ada/shop:tree-1")).toEqual({
    registry: "127.0.0.1:7405",
    repository: "ada/shop",
    tag: "tree-1",
  });
  const digest = `sha256:${"a".repeat(64)}`;
  expect(parseReference(`ghcr.io/ada/shop@${digest}`)).toEqual({ registry: "ghcr.io", repository: "ada/shop", digest });
  expect(() => parseReference("Ada/Shop")).toThrow('invalid reference format: "Ada/Shop"');
  expect(familiar("docker.io/library/postgres:17")).toBe("postgres:17");
});

test("flags in all their spellings; unknown ones are refused", () => {
  const table = { interactive: "boolean:i", tty: "boolean:t", env: "list:e", name: "string" } as const;
  const flags = parseFlags("docker run", ["-it", "-eA=1", "--env", "B=2", "--name=x", "image", "-e", "mine"], table, {
    until: "first",
  });
  expect([flags.has("tty"), flags.all("env"), flags.one("name"), flags.rest]).toEqual([
    true,
    ["A=1", "B=2"],
    "x",
    ["image", "-e", "mine"],
  ]);
  expect(() => parseFlags("docker run", ["--nmae", "x"], table)).toThrow(
    "the local droplet's docker doesn't know --nmae of docker run",
  );
  expect([milliseconds("1m30s"), milliseconds("250ms"), milliseconds(5, 1000)]).toEqual([90_000, 250, 5000]);
});

test("ports and volumes", () => {
  expect(parsePort("127.0.0.1:4301:3000")).toEqual({
    hostIp: "127.0.0.1",
    hostPort: 4301,
    containerPort: 3000,
    protocol: "tcp",
  });
  expect(parsePort("443:443/udp")).toEqual({ hostIp: "0.0.0.0", hostPort: 443, containerPort: 443, protocol: "udp" });
  expect(() => parsePort("3000-3005:3000")).toThrow("knows no port ranges");
  expect(parseVolume("./edge:/etc/caddy:ro", (path) => `/home/${path}`)).toEqual({
    type: "bind",
    source: "/home/./edge",
    target: "/etc/caddy",
    readOnly: true,
  });
  expect(parseVolume("data:/data", String)).toEqual({
    type: "volume",
    source: "data",
    target: "/data",
    readOnly: false,
  });
});

test("variables of compose files", () => {
  const known = { A: "1", EMPTY: "" };
  const cases: Record<string, string> = {
    "$A-${A}-$$A": "1-1-$A",
    "${EMPTY:-x} ${EMPTY-x} ${NONE-x} ${NONE:-${A}}": "x  x 1",
    "${A:+yes}${NONE:+no}": "yes",
  };
  expect(Object.fromEntries(Object.keys(cases).map((text) => [text, interpolate(text, known)]))).toEqual(cases);
  expect(() => interpolate("${NONE:?give it}", known)).toThrow("required variable NONE is missing a value: give it");
  expect(() => interpolate("${A", known)).toThrow("invalid interpolation format");
});

test("env files: quotes, comments, several lines; raw ones as they stand", () => {
  const text = `# comment\nexport A=1 # one\nB='$A "x"'\nC="two\\nlines $A"\nD="a\nb"\nE=\n`;
  expect(parseDotenv(text)).toEqual({ A: "1", B: '$A "x"', C: "two\nlines 1", D: "a\nb", E: "" });
  expect(parseDotenv("A='1'\nB=$A # x\n", { raw: true })).toEqual({ A: "'1'", B: "$A # x" });
});

test("services in short and long forms come to the same", () => {
  const place = { service: "web", absolute: (path: string) => `/p/${path}`, variables: { HOST: "h" } };
  const short = readService(
    {
      image: "x",
      command: `node "my app.js" --a='b c'`,
      ports: ["127.0.0.1:1:2"],
      environment: ["A=1", "HOST", "NONE"],
      networks: ["n"],
      depends_on: ["db"],
    },
    place,
  );
  const long = readService(
    {
      image: "x",
      command: ["node", "my app.js", "--a=b c"],
      ports: [{ target: 2, published: "1", host_ip: "127.0.0.1" }],
      environment: { A: 1, HOST: null, NONE: null },
      networks: { n: null },
      depends_on: { db: { condition: "service_started" } },
    },
    place,
  );
  expect(short).toEqual(long);
  expect(short.environment).toEqual({ A: "1", HOST: "h" });
});

describe("health", () => {
  const failed = { start: "", end: "", exitCode: 1, output: "" };
  const starting = { status: "starting", failingStreak: 0, log: [] } as const;
  test("failures in the start period don't count; later they add up", () => {
    expect(judged(starting, failed, { graced: true, retries: 1 })).toMatchObject({
      status: "starting",
      failingStreak: 0,
    });
    const once = judged({ ...starting, status: "healthy" }, failed, { graced: false, retries: 2 });
    expect(once).toMatchObject({ status: "healthy", failingStreak: 1 });
    expect(judged(once, failed, { graced: false, retries: 2 })).toMatchObject({
      status: "unhealthy",
      failingStreak: 2,
    });
    expect(judged(once, { ...failed, exitCode: 0 }, { graced: false, retries: 2 })).toMatchObject({
      status: "healthy",
      failingStreak: 0,
    });
  });
});

test("cloud-init: what is carried out, and what is only recorded", () => {
  const read = readCloudInit(
    "#cloud-config\nusers: [default, {name: ada, ssh_authorized_keys: [k]}]\nruncmd: [[a, b]]\nswap: {}\n",
    ["r"],
  );
  expect(read.users).toEqual([
    { name: "root", home: "/root", shell: "/bin/sh", keys: ["r"] },
    { name: "ada", home: "/home/ada", shell: "/bin/sh", keys: ["k"] },
  ]);
  expect([read.sshPort, read.hostKey]).toEqual([22, undefined]);
  expect(read.log).toEqual([
    "runcmd a b: not run: the local droplet has no packages",
    "swap: not run: the local droplet doesn't know it",
  ]);
  expect(readCloudInit("#!/bin/sh\nreboot", []).log).toEqual([
    "not run: the local droplet reads #cloud-config only, not scripts",
  ]);
  expect(readCloudInit("", ["r"]).users).toHaveLength(1);
});
