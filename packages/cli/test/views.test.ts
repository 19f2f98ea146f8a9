import { expect, test } from "vitest";
import { commands } from "../src/commands/index.ts";
import { styleFor } from "../src/terminal/style.ts";
import { terminalReporter } from "../src/terminal/reporter.ts";
import { renderDiagnostic } from "../src/views/diagnostics.ts";
import { commandHelp, overview } from "../src/views/help.ts";

const plain = styleFor({}, { NO_COLOR: "1" });

test("a diagnostic says what, where, why and how to mend it", () => {
  const text = renderDiagnostic(
    {
      severity: "error",
      code: "config-unknown-key",
      summary: "Unknown key in the project's configuration",
      detail: "app.prot in doge.config.ts",
      remedy: 'Did you mean "port"?',
      range: { file: "doge.config.ts", start: { line: 7, column: 3 }, excerpt: "  prot: 3000," },
    },
    plain,
  );
  expect(text).toBe(
    [
      "Error Unknown key in the project's configuration [config-unknown-key]",
      "│ at doge.config.ts:7:3",
      "│ 7 │   prot: 3000,",
      "│ app.prot in doge.config.ts",
      '│ → Did you mean "port"?',
    ].join("\n"),
  );
});

test("every command has help and stands in the overview", () => {
  const all = overview(commands, "1.2.3");
  for (const command of commands) {
    expect(all).toContain(`  ${command.name} `);
    expect(commandHelp(command)).toContain(`Usage: doge ${command.name}`);
  }
});

test("progress without a terminal is a line for each step, secrets taken out", () => {
  const written: string[] = [];
  let now = 0;
  const { emit } = terminalReporter(
    { write: (text: string) => written.push(text) },
    plain,
    (text) => text.replaceAll("s3cret", "***"),
    () => now,
  );
  emit({ type: "step.started", step: "a", title: "Provisioning base" });
  emit({ type: "resource.finished", address: "tls_private_key.deploy", action: "create", milliseconds: 1_234 });
  now = 2_000;
  emit({
    type: "step.finished",
    step: "a",
    title: "Provisioning base",
    outcome: "done",
    milliseconds: 2_000,
    detail: "s3cret",
  });
  expect(written.join("")).toBe(
    "… Provisioning base\n  ✓ tls_private_key.deploy create 1.2 s\n✓ Provisioning base — *** 2.0 s\n",
  );
});
