/** `node tools/demo/main.ts check`: what must be true right after a demo, beside what it checks itself. */
import { backupsComeBack } from "./backups.ts";
import { demand, dogeJson, domain } from "./context.ts";
import { noSecretInClear } from "./secrets.ts";
import { visitorIsServed } from "./visitor.ts";
import { driftIsTold, nothingIsAmiss } from "./watch.ts";

export async function checkEverything(): Promise<void> {
  for (const workspace of ["meta", "base", "dotenv", "stage", "prod"]) {
    const { exitCode, raw } = await dogeJson(["plan", workspace, "--detailed-exitcode"]);
    demand(exitCode === 0, `doge plan ${workspace} ended with ${exitCode} (3: changes)\n${raw.stdout}\n${raw.stderr}`);
    console.log(`✓ doge plan ${workspace}: no changes`);
  }
  await visitorIsServed(`staging.${domain}`, "stage");
  await visitorIsServed(domain, "prod");
  await backupsComeBack();
  await nothingIsAmiss();
  await driftIsTold();
  await noSecretInClear();
}
