import type { Facts, Seen } from "./detect.ts";
import { readyPathIn, variablesIn } from "./variables.ts";

const PORT = 8000;

/** Undefined where the folder holds no Python web project. */
export async function pythonFacts(seen: Seen): Promise<Facts | undefined> {
  const django = seen.names.has("manage.py");
  const install = installOf(seen.names);
  if (!django && !install) return undefined;
  const requirements = [
    await seen.read("requirements.txt"),
    await seen.read("requirements/base.txt"),
    await seen.read("requirements/production.txt"),
    await seen.read("pyproject.toml"),
    await seen.read("Pipfile"),
  ].join("\n");
  const has = (name: string): boolean => new RegExp(`(^|["'\\s])${name}\\b`, "im").test(requirements);
  const source = await seen.sources(".py");
  const framework = django || has("django") ? "Django" : has("fastapi") ? "FastAPI" : has("flask") ? "Flask" : "Python";
  const module = await moduleOf(seen, framework);
  if (!module) return undefined;
  const ready = readyPathIn(source);
  return {
    kind: "python",
    framework,
    build: "dockerfile",
    port: PORT,
    ...(ready ? { ready } : {}),
    ...(framework === "Django" ? { migrate: ["python", "manage.py", "migrate", "--noinput"] } : {}),
    checks: checksOf(framework, install),
    dockerfile: dockerfileOf(framework, module, install, /^STATIC_ROOT\b/m.test(source)),
    variables: variablesIn(source, "python"),
    postgres: has("psycopg2?(-binary|\\[)?") || has("psycopg") || has("asyncpg") || /postgres/i.test(source),
    redis: has("redis") || has("django-redis") || has("celery"),
  };
}

interface Install {
  /** Files that the step needs. */
  readonly files: string;
  readonly command: string;
}

function installOf(names: ReadonlySet<string>): Install | undefined {
  if (names.has("requirements.txt")) return { files: "requirements.txt", command: "pip install -r requirements.txt" };
  if (names.has("requirements")) {
    return { files: "requirements", command: "pip install -r requirements/production.txt" };
  }
  if (names.has("poetry.lock")) {
    const command =
      "pip install poetry && poetry config virtualenvs.create false && poetry install --only main --no-root";
    return { files: "pyproject.toml poetry.lock", command };
  }
  if (names.has("uv.lock")) {
    const command =
      "pip install uv && uv export --frozen --no-dev --no-emit-project > locked.txt && pip install -r locked.txt";
    return { files: "pyproject.toml uv.lock", command };
  }
  if (names.has("Pipfile.lock")) {
    return { files: "Pipfile Pipfile.lock", command: "pip install pipenv && pipenv install --system --deploy" };
  }
  return undefined;
}

/** `shop.wsgi:application`, `main:app`: what the server loads. */
async function moduleOf(seen: Seen, framework: string): Promise<string | undefined> {
  if (framework === "Django") {
    const settings = /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']/.exec(
      (await seen.read("manage.py")) ?? "",
    )?.[1];
    const root = settings?.split(".")[0];
    return root ? `${root}.wsgi:application` : undefined;
  }
  for (const file of ["main.py", "app.py", "wsgi.py", "server.py", "app/main.py", "src/main.py"]) {
    const text = await seen.read(file);
    const name = /^(\w+)\s*=\s*(?:FastAPI|Flask)\(/m.exec(text ?? "")?.[1];
    if (name) return `${file.replace(/\.py$/, "").replaceAll("/", ".")}:${name}`;
  }
  return undefined;
}

function checksOf(framework: string, install: Install | undefined): readonly (readonly string[])[] {
  const python = ".venv/bin/python";
  const command = install?.command ?? "pip install django";
  const setUp = command.replaceAll(/\bpip install\b/g, `${python} -m pip install`);
  const test = framework === "Django" ? [python, "manage.py", "test"] : [python, "-m", "unittest"];
  return [["python3", "-m", "venv", ".venv"], ["sh", "-c", setUp], test];
}

function dockerfileOf(framework: string, module: string, install: Install | undefined, collect: boolean): string {
  const { files, command } = install ?? { files: "", command: "pip install django" };
  const asgi = framework === "FastAPI";
  const server = asgi ? "uvicorn" : "gunicorn";
  const serve = asgi
    ? ["uvicorn", module, "--host", "0.0.0.0", "--port", String(PORT)]
    : ["gunicorn", module, "--bind", `0.0.0.0:${PORT}`, "--workers", "2", "--access-logfile", "-"];
  return `${[
    "FROM docker.io/library/python:3.13-slim-bookworm",
    "ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
    "WORKDIR /app",
    ...(files ? [`COPY ${files} ./${files === "requirements" ? "requirements/" : ""}`] : []),
    `RUN ${command} && pip install ${server}`,
    "COPY . .",
    ...(collect ? ["RUN DJANGO_SECRET_KEY=build SECRET_KEY=build python manage.py collectstatic --noinput"] : []),
    "RUN useradd --uid 1000 app && chown app /app",
    "USER app",
    `EXPOSE ${PORT}`,
    `CMD ${JSON.stringify(serve)}`,
  ].join("\n")}\n`;
}
