import { defineProject } from "doge";

// Every key, its default and its meaning: npx doge help config
export default defineProject({
  name: "Doge App",
  slug: "doge-app",
  domain: "doge-app.example",
  github: { owner: "such-owner", repository: "doge-app" },
  hcp: { organization: "such-organization" },
  app: { compile: ["node", "src/commands/compile.ts"], readOnly: true },
  processes: { worker: { command: ["node", "dist/worker.js"] } },
});
