import { startCommand } from "@doge/deploy";
import type { Facts, Seen } from "./detect.ts";
import { readyPathIn, variablesIn } from "./variables.ts";

interface Manifest {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const frameworks: readonly (readonly [dependency: string, framework: string])[] = [
  ["next", "Next.js"],
  ["nuxt", "Nuxt"],
  ["@nestjs/core", "NestJS"],
  ["@remix-run/node", "Remix"],
  ["fastify", "Fastify"],
  ["express", "Express"],
  ["koa", "Koa"],
  ["hono", "Hono"],
];

/** Migration tools by the package that brings them: the command that a release runs once. */
const migrations: readonly (readonly [dependency: string, command: readonly string[]])[] = [
  ["prisma", ["npx", "prisma", "migrate", "deploy"]],
  ["drizzle-kit", ["npx", "drizzle-kit", "migrate"]],
  ["knex", ["npx", "knex", "migrate:latest"]],
  ["sequelize-cli", ["npx", "sequelize-cli", "db:migrate"]],
  ["node-pg-migrate", ["npx", "node-pg-migrate", "up"]],
];

/** Undefined where there is no package.json with something to run. */
export async function nodeFacts(seen: Seen): Promise<Facts | undefined> {
  const text = await seen.read("package.json");
  if (text === undefined) return undefined;
  const manifest = JSON.parse(text) as Manifest;
  const { scripts = {}, dependencies = {}, devDependencies = {} } = manifest;
  const source = await seen.sources(".js", ".mjs", ".cjs", ".ts", ".mts");
  const framework = frameworks.find(([name]) => dependencies[name])?.[1] ?? "Node";
  const migrate = migrations.find(([name]) => dependencies[name])?.[1];
  const ready = readyPathIn(source);
  const name = manifest.name?.replace(/^@[^/]+\//, "");
  const all = { ...dependencies, ...devDependencies };
  const plain = canAssemble(text) && scripts["build"] === undefined && seen.names.has("package-lock.json");
  return {
    kind: "node",
    framework,
    ...(name ? { name } : {}),
    build: plain ? "assemble" : "dockerfile",
    port: 3000,
    ...(ready ? { ready } : {}),
    ...(migrate ? { migrate } : {}),
    ...(plain ? {} : { dockerfile: dockerfileOf(scripts, seen.names) }),
    variables: variablesIn(source, "node"),
    postgres: ["pg", "postgres", "prisma", "typeorm", "sequelize", "drizzle-orm", "knex"].some((one) => all[one]),
    redis: ["redis", "ioredis", "bullmq", "connect-redis"].some((one) => all[one]),
  };
}

/** Doge assembles what a plain `node …` starts; anything that is compiled first needs the engine's builder. */
function canAssemble(manifest: string): boolean {
  try {
    startCommand(manifest);
    return true;
  } catch {
    return false;
  }
}

function dockerfileOf(scripts: Readonly<Record<string, string>>, names: ReadonlySet<string>): string {
  const [lock, install] = names.has("pnpm-lock.yaml")
    ? ["pnpm-lock.yaml", "corepack enable && pnpm install --frozen-lockfile"]
    : names.has("yarn.lock")
      ? ["yarn.lock", "corepack enable && yarn install --immutable"]
      : names.has("package-lock.json")
        ? ["package-lock.json", "npm ci"]
        : ["", "npm install"];
  return `${[
    "FROM docker.io/library/node:24-bookworm-slim",
    "WORKDIR /app",
    `COPY package.json ${lock ? `${lock} ` : ""}./`,
    `RUN ${install}`,
    "COPY . .",
    ...(scripts["build"] ? ["RUN npm run build"] : []),
    "ENV NODE_ENV=production",
    "USER node",
    "EXPOSE 3000",
    'CMD ["npm", "start"]',
  ].join("\n")}\n`;
}
