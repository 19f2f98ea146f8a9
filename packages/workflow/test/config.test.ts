import { expect, test } from "vitest";
import { validateProject } from "../src/index.ts";
import { configFile } from "../src/create/config-file.ts";

const good = {
  name: "Doge App",
  slug: "doge-app",
  domain: "example.com",
  github: { owner: "me", repository: "doge-app" },
  hcp: { organization: "me" },
};

test("what is not said has a default", () => {
  expect(validateProject(good, "doge.config.ts").value).toMatchObject({
    digitalocean: { region: "fra1" },
    environments: { stage: { size: "s-1vcpu-1gb" }, prod: { size: "s-1vcpu-1gb" } },
    app: { port: 3000, ready: "/readyz" },
    ssh: { user: "deployer", port: 2222 },
    executor: "hcp",
  });
});

test("every mistake at once: unknown keys with the nearest right one, wrong values with their path", () => {
  const { value, diagnostics } = validateProject(
    { ...good, domian: "x", domain: "not a domain", app: { prot: 1 } },
    "doge.config.ts",
  );
  expect(value).toBeUndefined();
  expect(diagnostics.map((d) => [d.code, d.address, d.remedy])).toEqual([
    ["config-invalid", "domain", "Mend it in doge.config.ts; doge help config describes every key."],
    ["config-unknown-key", "app.prot", 'Did you mean "port"?'],
    ["config-unknown-key", "domian", 'Did you mean "domain"?'],
  ]);
});

test("workers and scheduled jobs are processes by name", () => {
  const { value } = validateProject(
    {
      ...good,
      processes: {
        worker: { command: ["node", "src/worker.ts"] },
        report: { command: ["true"], schedule: "0 3 * * *" },
      },
    },
    "doge.config.ts",
  );
  expect(value?.processes["worker"]).toMatchObject({ replicas: 1, stopSignal: "SIGTERM", graceSeconds: 60 });
  const wrong = validateProject({ ...good, processes: { worker: { comand: ["x"], command: ["x"] } } }, "f");
  expect(wrong.diagnostics.map((d) => [d.address, d.remedy])).toEqual([
    ["processes.worker.comand", 'Did you mean "command"?'],
  ]);
});

test("the configuration of a new project reads back as what was chosen", async () => {
  const text = configFile(good);
  expect(text).toBe(
    [
      'import { defineProject } from "doge";',
      "",
      "// Every key, its default and its meaning: npx doge help config",
      "export default defineProject({",
      '  name: "Doge App",',
      '  slug: "doge-app",',
      '  domain: "example.com",',
      '  github: { owner: "me", repository: "doge-app" },',
      '  hcp: { organization: "me" },',
      "});",
      "",
    ].join("\n"),
  );
});
