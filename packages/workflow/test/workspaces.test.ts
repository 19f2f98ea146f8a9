import { loadConfiguration, prepare } from "@doge/engine";
import { expect, test } from "vitest";
import { providers, validateProject, workspaceNames } from "../src/index.ts";
import { configurationOf, renderConfiguration } from "../src/workspaces/define.ts";

const config = validateProject(
  {
    name: "Doge App",
    slug: "doge-app",
    domain: "example.com",
    github: { owner: "me", repository: "doge-app" },
    hcp: { organization: "me" },
  },
  "doge.config.ts",
).value;

test.each(workspaceNames)("the configuration of %s is as on file, and valid", async (name) => {
  if (!config) throw new Error("the test's own configuration is wrong");
  const text = renderConfiguration(configurationOf(config, name));
  await expect(text).toMatchFileSnapshot(`golden/${name}.tf.json`);
  const loaded = await loadConfiguration([{ file: "main.tf.json", content: text }]);
  expect(loaded.diagnostics).toEqual([]);
  if (!loaded.value) throw new Error("not loaded");
  expect(prepare(loaded.value, providers).diagnostics).toEqual([]);
});
