import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeFiles } from "@doge/core/node";
import { detectProject, type Facts } from "../src/create/adopt/detect.ts";
import { adoptedFiles } from "../src/create/adopt/files.ts";
import type { ProjectConfigInput } from "../src/config/schema.ts";
import { projectSchema } from "../src/config/schema.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doge-adopt-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function project(files: Readonly<Record<string, string>>): Promise<Facts | undefined> {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return detectProject(nodeFiles, folder);
}

const manifest = (content: object): string => JSON.stringify(content);

test("a plain Node app is assembled; what its code names is found", async () => {
  const facts = await project({
    "package.json": manifest({
      name: "@me/shop",
      scripts: { start: "node server.js" },
      dependencies: { express: "5", pg: "8" },
    }),
    "package-lock.json": "{}",
    "server.js":
      'app.get("/healthz", ok); connect(process.env.DATABASE_URL, process.env["STRIPE_KEY"]); listen(process.env.PORT);',
    "node_modules/other/index.js": "process.env.NOT_MINE",
  });
  expect(facts).toEqual({
    kind: "node",
    framework: "Express",
    name: "shop",
    build: "assemble",
    port: 3000,
    ready: "/healthz",
    variables: ["DATABASE_URL", "STRIPE_KEY"],
    postgres: true,
    redis: false,
  });
});

test("a Node app that is compiled gets a Dockerfile", async () => {
  const facts = await project({
    "package.json": manifest({
      scripts: { build: "next build", start: "next start" },
      dependencies: { next: "16", prisma: "7" },
    }),
    "pnpm-lock.yaml": "",
  });
  expect(facts).toMatchObject({
    framework: "Next.js",
    build: "dockerfile",
    migrate: ["npx", "prisma", "migrate", "deploy"],
  });
  expect(facts?.dockerfile).toBe(
    [
      "FROM docker.io/library/node:24-bookworm-slim",
      "WORKDIR /app",
      "COPY package.json pnpm-lock.yaml ./",
      "RUN corepack enable && pnpm install --frozen-lockfile",
      "COPY . .",
      "RUN npm run build",
      "ENV NODE_ENV=production",
      "USER node",
      "EXPOSE 3000",
      'CMD ["npm", "start"]',
      "",
    ].join("\n"),
  );
});

const django = {
  "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")',
  "requirements.txt": "Django==5.2\npsycopg[binary]==3.2\n",
  "shop/settings.py":
    'SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]\nALLOWED_HOSTS = env("DJANGO_ALLOWED_HOSTS").split(",")\nMAIL = os.getenv("MAIL_URL")\nSTATIC_ROOT = "x"\nDB = env("DATABASE_URL")\n',
  "shop/urls.py": 'path("healthz/", ok)',
};

test("a Django project: server, migration, checks and a Dockerfile follow from its files", async () => {
  const facts = await project(django);
  expect(facts).toMatchObject({
    kind: "python",
    framework: "Django",
    build: "dockerfile",
    port: 8000,
    ready: "/healthz/",
    migrate: ["python", "manage.py", "migrate", "--noinput"],
    variables: ["DATABASE_URL", "DJANGO_ALLOWED_HOSTS", "DJANGO_SECRET_KEY", "MAIL_URL"],
    postgres: true,
    checks: [
      ["python3", "-m", "venv", ".venv"],
      ["sh", "-c", ".venv/bin/python -m pip install -r requirements.txt"],
      [".venv/bin/python", "manage.py", "test"],
    ],
  });
  expect(facts?.dockerfile).toContain('CMD ["gunicorn","shop.wsgi:application","--bind","0.0.0.0:8000"');
  expect(facts?.dockerfile).toContain("collectstatic");
});

test("a Dockerfile says how the image is made; one alone is enough", async () => {
  expect(await project({ ...django, Dockerfile: "FROM python:3.13\nEXPOSE 9000\n" })).toMatchObject({
    framework: "Django",
    port: 9000,
  });
  expect((await detectProject(nodeFiles, folder))?.dockerfile).toBeUndefined();
  rmSync(folder, { recursive: true });
  expect(await project({ Dockerfile: "FROM golang:1 AS build\nFROM debian:12\nEXPOSE 8080/tcp\n" })).toEqual({
    kind: "dockerfile",
    framework: "Dockerfile from debian:12",
    build: "dockerfile",
    port: 8080,
    variables: [],
    postgres: false,
    redis: false,
  });
});

test("anything else is not guessed at", async () => {
  expect(await project({ "index.html": "<p>Hello" })).toBeUndefined();
});

test("env files have a line for each variable of the code; the same password on both sides", async () => {
  const facts = (await project(django)) as Facts;
  const chosen: ProjectConfigInput = {
    name: "Shop",
    slug: "my-shop",
    domain: "shop.test",
    github: { owner: "me", repository: "shop" },
    hcp: { organization: "me" },
    app: { port: 8000, build: "dockerfile" },
  };
  const files = adoptedFiles({ template: {}, facts, chosen, config: projectSchema.parse(chosen), credentials: {} });
  const app = files[".envs/.production/.app"]?.content ?? "";
  const password = /POSTGRES_PASSWORD=(.+)/.exec(files[".envs/.production/.postgres"]?.content ?? "")?.[1] ?? "-";
  expect(password).toMatch(/^[\w-]{32}$/);
  expect(app.replace(/SECRET_KEY=.{32}\n/, "SECRET_KEY=…\n").replace(password, "PASSWORD")).toBe(
    [
      "PORT=8000",
      "DATABASE_URL=postgres://my_shop:PASSWORD@postgres:5432/my_shop",
      "DJANGO_ALLOWED_HOSTS=shop.test,www.shop.test,staging.shop.test,app-blue,app-green,localhost,127.0.0.1",
      "DJANGO_SECRET_KEY=…",
      "# The code reads these too; fill in what production needs.",
      "# MAIL_URL=",
      "",
    ].join("\n"),
  );
  expect(files[".envs/.gitignore"]?.content).toBe("*\n!.gitignore\n");
  expect(files["doge.config.ts"]?.content).toContain('satisfies import("./infra/node_modules/doge").ProjectConfig');
  expect(Object.entries(files).filter(([path, { mode }]) => path.startsWith(".envs/.p") && mode !== 0o600)).toEqual([]);
});
