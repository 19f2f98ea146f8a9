import { defineProject } from "doge";

// Every key, its default and its meaning: npx doge help config
export default defineProject({
  name: "Doge App",
  slug: "doge-app",
  domain: "doge-app.example",
  github: { owner: "such-owner", repository: "doge-app" },
  hcp: { organization: "such-organization" },
  app: {
    compile: ["node", "src/commands/compile.ts"],
    readOnly: true,
    previousKey: { variable: "SECRET_KEY_PREVIOUS", reencrypt: ["node", "dist/commands/reencrypt.js"] },
  },
  processes: { worker: { command: ["node", "dist/worker.js"] } },
});
