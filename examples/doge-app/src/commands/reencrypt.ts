/** `node src/commands/reencrypt.ts`: after a rotation of SECRET_KEY, so that nothing needs SECRET_KEY_PREVIOUS any more. */
import { reencrypt } from "../accounts/keys.ts";
import { command } from "./command.ts";

await command(async (services) => {
  const { changed, lost } = await reencrypt(services);
  const factors = (count: number): string => `${count} second ${count === 1 ? "factor" : "factors"}`;
  console.log(`${factors(changed)} encrypted anew`);
  if (lost > 0) console.log(`${factors(lost)} can't be read by any key known here: to be set up anew`);
});
