/** `npm run seed`: people to look at in development. Running it again adds nothing. */
import { createUser } from "../accounts/create-user.ts";
import { command } from "./command.ts";

const password = "Such-seed-1";
const people = [
  { username: "admin", name: "Ada Admin", isStaff: true, isSuperuser: true },
  ...["Kabosu", "Cheems", "Hachiko", "Balltze", "Shiro", "Momo"].map((name) => ({ username: name.toLowerCase(), name })),
];

await command(async ({ db, settings }) => {
  if (settings.environment !== "local") throw new Error("seed is for development: DOGE_ENVIRONMENT must be local");
  for (const person of people) {
    const there = await db.selectFrom("user").select("id").where("username", "=", person.username).executeTakeFirst();
    if (!there) await createUser(db, { ...person, email: `${person.username}@example.com`, password });
  }
  await db.insertInto("group").values({ name: "Editors" }).onConflict((conflict) => conflict.doNothing()).execute();
  console.log(`${people.length} users, all with the password ${password}; admin is a superuser.`);
});
