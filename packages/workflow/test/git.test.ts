import { expect, test } from "vitest";
import { sameRepository } from "../src/repository/git.ts";

test.each([
  ["git@github.com:ada/shop.git", "https://github.com/ada/shop.git", true],
  ["ssh://git@github.com/Ada/shop", "https://github.com/ada/shop.git", true],
  ["https://github.com/ada/shop/", "https://github.com/ada/shop.git", true],
  ["http://127.0.0.1:7404/doge/app.git\n", "http://127.0.0.1:7404/doge/app.git", true],
  ["git@github.com:ada/other.git", "https://github.com/ada/shop.git", false],
  ["git@gitlab.com:ada/shop.git", "https://github.com/ada/shop.git", false],
])("%s and %s", (one, other, same) => expect(sameRepository(one, other)).toBe(same));
