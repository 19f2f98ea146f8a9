/** `node src/commands/users.ts`: who has an account. */
import { command } from "./command.ts";

await command(async ({ db }) => {
  const users = await db
    .selectFrom("user")
    .select(["username", "email", "emailVerified", "isActive", "isSuperuser"])
    .orderBy("username")
    .execute();
  for (const user of users) {
    const words = [user.isSuperuser ? "superuser" : "", user.isActive ? "" : "inactive", user.emailVerified ? "" : "unverified"];
    console.log([user.username, user.email, ...words.filter(Boolean)].join("  "));
  }
});
