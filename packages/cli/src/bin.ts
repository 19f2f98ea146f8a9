import { toolHome } from "./home.ts";

const words = process.argv.slice(2);
// The one answer that needs nothing else loaded.
if (words.length === 1 && (words[0] === "--version" || words[0] === "-v")) console.log(`doge ${toolHome().version}`);
else {
  const { main } = await import("./main.ts");
  process.exitCode = await main(words);
}
