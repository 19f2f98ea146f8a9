/**
 * `node src/commands/create-superuser.ts USERNAME EMAIL`: makes a superuser, or makes one of an account that is there.
 * The password is asked for, or read from standard input.
 */
import { createInterface } from "node:readline/promises";
import { createUser, usernamePattern } from "../accounts/create-user.ts";
import { passwordTrouble } from "../accounts/password-rules.ts";
import { translator } from "../i18n/i18n.ts";
import { isEmail } from "../web/form.ts";
import { command, standardInput } from "./command.ts";

async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) return standardInput();
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: true });
  const answer = terminal.question("Password: ");
  // What is typed isn't shown.
  (terminal as unknown as { _writeToOutput: () => void })._writeToOutput = () => {};
  const password = await answer;
  terminal.close();
  console.log();
  return password;
}

await command(async ({ db }) => {
  const [username = "", email = ""] = process.argv.slice(2);
  if (!usernamePattern.test(username) || !isEmail(email)) throw new Error("usage: create-superuser USERNAME EMAIL");
  const there = await db
    .updateTable("user")
    .set({ isStaff: true, isSuperuser: true })
    .where("username", "=", username.toLowerCase())
    .where("email", "=", email.toLowerCase())
    .executeTakeFirst();
  if (there.numUpdatedRows > 0n) return console.log(`${username} is a superuser now.`);
  const password = await askPassword();
  const trouble = passwordTrouble(translator("en"), password, password, { username, email });
  if (trouble) throw new Error(trouble);
  await createUser(db, { username, email, password, isStaff: true, isSuperuser: true });
  console.log(`Superuser ${username} made.`);
});
