import { DockerError, type ImageRecord } from "../engine/model.ts";
import { familiar, parseReference } from "../engine/reference.ts";
import type { Engine } from "../engine/engine.ts";
import type { Command } from "./commands.ts";
import { required } from "./containers.ts";
import { parseFlags } from "./flags.ts";
import { ago } from "./present.ts";
import { renderList } from "./template.ts";

/** `docker login` without a host is Docker Hub's. */
const registryOf = (text: string | undefined): string =>
  (text ?? "docker.io")
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .replace(/^index\.docker\.io$/, "docker.io");

export const login: Command = async (engine, session, args) => {
  const flags = parseFlags("docker login", args, {
    username: "string:u",
    password: "string:p",
    "password-stdin": "boolean",
  });
  if (flags.one("password") !== undefined)
    session.err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  else if (!flags.has("password-stdin"))
    throw new DockerError("Error: Cannot perform an interactive login from a non TTY device", 1);
  const username = flags.one("username");
  if (!username) throw new DockerError("Must provide --username with --password-stdin", 1);
  let password = flags.one("password") ?? "";
  if (flags.has("password-stdin")) for await (const chunk of session.stdin()) password += String(chunk);
  const registry = registryOf(flags.rest[0]);
  const credentials = { username, password: password.replace(/\r?\n$/, "") };
  await engine.images.client(registry, credentials).authenticate();
  engine.logins.set(registry, credentials);
  session.out("Login Succeeded\n");
  return 0;
};

export const logout: Command = async (engine, session, [text]) => {
  const registry = registryOf(text);
  if (engine.logins.delete(registry)) session.out(`Removing login credentials for ${registry}\n`);
  else session.out(`Not logged in to ${registry}\n`);
  return 0;
};

export const pull: Command = async (engine, session, args) => {
  const flags = parseFlags("docker pull", args, {
    quiet: "boolean:q",
    platform: "string",
    "disable-content-trust": "boolean",
  });
  const [name = ""] = required("pull", flags.rest);
  let last = "";
  await engine.images.pull(
    name,
    (registry) => engine.logins.get(registry),
    (line) => {
      last = line;
      if (!flags.has("quiet")) session.out(`${line}\n`);
    },
  );
  if (flags.has("quiet")) session.out(`${last}\n`);
  return 0;
};

export const load: Command = async (engine, session, args) => {
  const flags = parseFlags("docker load", args, { quiet: "boolean:q" });
  if (flags.rest.length > 0) throw new DockerError('"docker load" accepts no arguments.', 1);
  for (const line of await engine.images.load(session.stdin())) session.out(`${line}\n`);
  return 0;
};

export const tag: Command = async (engine, _, [source = "", target = ""]) => {
  engine.images.tag(source, target);
  return 0;
};

const columns = { Repository: "REPOSITORY", Tag: "TAG", ID: "IMAGE ID", CreatedSince: "CREATED", Size: "SIZE" };

export const list: Command = async (engine, session, args) => {
  const flags = parseFlags("docker images", args, {
    all: "boolean:a",
    quiet: "boolean:q",
    "no-trunc": "boolean",
    digests: "boolean",
    format: "string",
    filter: "list:f",
  });
  const [name] = flags.rest;
  const filters = flags.all("filter");
  const rows = engine.images
    .list()
    .filter((image) => filters.every((filter) => imagePasses(image, filter)))
    .flatMap((image) => imageRows(engine, image, flags.has("no-trunc")))
    .filter(
      (row) =>
        name === undefined || row.Repository === familiarRepository(name) || `${row.Repository}:${row.Tag}` === name,
    );
  if (flags.has("quiet")) session.out([...new Set(rows.map((row) => `${row.ID}\n`))].join(""));
  else session.out(renderList(rows, flags.one("format"), columns));
  return 0;
};

const familiarRepository = (name: string): string => {
  const { registry, repository } = parseReference(name);
  return familiar(`${registry}/${repository}`);
};

function imagePasses(image: ImageRecord, filter: string): boolean {
  const [key = "", value = ""] = filter.split(/=(.*)/s);
  const [label = "", expected] = value.split(/=(.*)/s);
  switch (key) {
    case "label":
      return expected === undefined ? label in (image.config.Labels ?? {}) : image.config.Labels?.[label] === expected;
    case "dangling":
      return (image.tags.length === 0) === (value === "true");
    case "reference":
      return image.tags.some((name) =>
        new RegExp(`^${value.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}(:|$)`).test(familiar(name)),
      );
    default:
      throw new DockerError(`Error response from daemon: invalid filter '${key}'`);
  }
}

function imageRows(engine: Engine, image: ImageRecord, full: boolean) {
  const digestOf = (repository: string): string =>
    image.digests.find((digest) => digest.startsWith(`${repository}@`))?.split("@")[1] ?? "<none>";
  const named = image.tags.map((tag) => {
    const { registry, repository, tag: label = "<none>" } = parseReference(tag);
    return { repository: `${registry}/${repository}`, label };
  });
  const untagged = image.digests
    .map((digest) => digest.split("@")[0] ?? "")
    .filter((repository) => !named.some((entry) => entry.repository === repository))
    .map((repository) => ({ repository, label: "<none>" }));
  const entries = [...named, ...untagged];
  return (entries.length > 0 ? entries : [{ repository: "<none>", label: "<none>" }]).map(({ repository, label }) => ({
    Repository: familiar(repository),
    Tag: label,
    ID: full ? image.id : image.id.slice(7, 19),
    Digest: digestOf(repository),
    CreatedSince: `${ago(image.created, engine.now())} ago`,
    CreatedAt: image.created,
    Size: `${(image.size / 1e6).toPrecision(3)}MB`,
    Containers: "N/A",
    SharedSize: "N/A",
    UniqueSize: "N/A",
    VirtualSize: `${(image.size / 1e6).toPrecision(3)}MB`,
  }));
}

const user = (engine: Engine) => (id: string) =>
  engine.containers
    .list()
    .find((record) => record.spec.imageId === id)
    ?.id.slice(0, 12);

export const remove: Command = async (engine, session, args) => {
  const flags = parseFlags("docker image rm", args, { force: "boolean:f", "no-prune": "boolean" });
  for (const name of required("rmi", flags.rest)) {
    const lines = await engine.images.remove(name, user(engine), flags.has("force"));
    for (const line of lines) session.out(`${line}\n`);
  }
  return 0;
};

export const prune: Command = async (engine, session, args) => {
  const flags = parseFlags("docker image prune", args, { all: "boolean:a", force: "boolean:f", filter: "list" });
  const filters = flags.all("filter").filter((filter) => filter.startsWith("label"));
  const unused = engine.images
    .list()
    .filter((image) => (flags.has("all") || image.tags.length === 0) && user(engine)(image.id) === undefined)
    .filter((image) => filters.every((filter) => imagePasses(image, filter)));
  let freed = 0;
  for (const image of unused) {
    freed += image.size;
    for (const name of [...image.tags, ...image.digests]) {
      if (!engine.images.find(name)) continue;
      for (const line of await engine.images.remove(name, user(engine), true)) session.out(`${line}\n`);
    }
    if (engine.images.find(image.id)) await engine.images.remove(image.id, user(engine), true);
  }
  session.out(`\nTotal reclaimed space: ${(freed / 1e6).toPrecision(3)}MB\n`);
  return 0;
};
