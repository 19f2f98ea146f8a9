import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./shell.ts";

/** An image of one layer, as a registry wants it. */
export interface BaseImage {
  /** As compose files and Dockerfiles name it. */
  readonly name: string;
  readonly repository: string;
  readonly tag: string;
  readonly configuration: object;
  /** File of the layer, in the folder of images: a tar, compressed. */
  readonly layer: string;
  readonly digest: string;
  readonly size: number;
  /** For builds only: it waits in the registry, and is not on the hosts from the start. */
  readonly builds: boolean;
}

interface Recipe {
  readonly name: string;
  readonly builds?: boolean;
  readonly files: (tree: string) => readonly string[];
  /** Copied whole, from the tree. */
  readonly folders?: readonly string[];
  readonly finish?: (root: string) => void;
  readonly config: Readonly<Record<string, unknown>>;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const postgresBin = "/usr/lib/postgresql/17/bin";
const list = (tree: string, pattern: string): readonly string[] =>
  run(["sh", "-c", `cd "$1" && find ./${pattern} -type f`, "sh", tree])
    .split("\n")
    .filter(Boolean)
    .map((file) => file.slice(1));

/** What the official images do with their environment variables, for the ones that our compose files use. */
const postgresEntry = `#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  umask 077; printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust -E UTF8 --locale=C.UTF-8 >/dev/null
  rm /tmp/password; echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
  [ "$POSTGRES_DB" = postgres ] || createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
`;

/** Debian packages that the images are made of. */
export const imagePackages =
  "postgresql-17 caddy python3-django python3-gunicorn python3-psycopg2 busybox-static libstdc++6 libc-bin base-files coreutils".split(
    " ",
  );

const recipes: readonly Recipe[] = [
  {
    name: "node:24-bookworm-slim",
    files: () => ["/usr/local/bin/node"],
    config: { Env: [path], Cmd: ["node"] },
  },
  {
    name: "caddy:2.10",
    files: () => ["/usr/bin/caddy"],
    config: {
      Env: [path, "XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
      Cmd: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
      ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "443/udp": {}, "2019/tcp": {} },
    },
  },
  {
    name: "postgres:17-bookworm",
    files: (tree) => [
      // Backups are checked by it; busybox has none.
      "/usr/bin/cksum",
      ...list(tree, "usr/lib/postgresql/17/bin"),
      ...list(tree, "usr/lib/postgresql/17/lib/*.so").filter((file) => !file.endsWith("llvmjit.so")),
    ],
    folders: ["/usr/share/postgresql/17", "/usr/share/zoneinfo", "/usr/lib/locale/C.utf8"],
    finish: (root) => {
      writeFileSync(join(root, "usr/local/bin/entry"), postgresEntry, { mode: 0o755 });
      for (const folder of ["var/lib/postgresql/data", "run/postgresql"]) {
        mkdirSync(join(root, folder), { recursive: true });
        run(["chown", "999:999", join(root, folder)]);
      }
      symlinkSync("/run", join(root, "var/run"));
    },
    config: {
      Env: [`${path}:${postgresBin}`, "PGDATA=/var/lib/postgresql/data", "LANG=C.UTF-8"],
      User: "999:999",
      Entrypoint: ["/usr/local/bin/entry"],
      StopSignal: "SIGINT",
      Volumes: { "/var/lib/postgresql/data": {} },
      ExposedPorts: { "5432/tcp": {} },
    },
  },
  {
    // What `pip install` would bring to python's official image, of Debian's: an app's Dockerfile builds on it.
    name: "django:trixie",
    builds: true,
    files: (tree) => [
      "/usr/bin/python3.13",
      ...list(tree, "usr/lib/python3.13/lib-dynload/*.so"),
      ...list(tree, "usr/lib/python3/dist-packages/psycopg2/*.so"),
    ],
    folders: ["/usr/lib/python3", "/usr/lib/python3.13", "/usr/share/zoneinfo"],
    finish: (root) => {
      for (const name of ["python", "python3"]) symlinkSync("python3.13", join(root, "usr/bin", name));
      const gunicorn = "#!/usr/bin/python3\nfrom gunicorn.app.wsgiapp import run\nrun()\n";
      writeFileSync(join(root, "usr/local/bin/gunicorn"), gunicorn, { mode: 0o755 });
    },
    config: { Env: [path, "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"], Cmd: ["python3"] },
  },
];

/** Makes every base image out of a tree of extracted packages. */
export function makeImages(tree: string, folder: string, authorityPem: string): void {
  mkdirSync(folder, { recursive: true });
  const images = recipes.map((recipe) => makeImage(recipe, tree, folder, authorityPem));
  writeFileSync(join(folder, "images.json"), JSON.stringify(images, null, 2));
}

export const readImages = (folder: string): readonly BaseImage[] =>
  JSON.parse(readFileSync(join(folder, "images.json"), "utf8")) as readonly BaseImage[];

function makeImage(recipe: Recipe, tree: string, folder: string, authorityPem: string): BaseImage {
  const [repository = "", tag = ""] = recipe.name.split(":");
  const root = join(folder, repository);
  rmSync(root, { recursive: true, force: true });
  skeleton(root, tree, authorityPem);
  copyWithLibraries(tree, root, [
    ...recipe.files(tree),
    // Loaded by name when a program asks for it: no closure shows them.
    ...["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"].map((name) => `/usr/lib/x86_64-linux-gnu/${name}`),
  ]);
  for (const part of recipe.folders ?? [])
    cpSync(join(tree, part), join(root, part), { recursive: true, verbatimSymlinks: true });
  recipe.finish?.(root);

  const layer = join(folder, `${repository}.tar`);
  run(["tar", "--create", "--sort=name", "--mtime=@0", "--numeric-owner", "--file", layer, "--directory", root, "."]);
  const diffId = sha256(layer);
  run(["gzip", "--fast", "--no-name", "--force", layer]);
  rmSync(root, { recursive: true, force: true });
  return {
    name: recipe.name,
    builds: recipe.builds ?? false,
    repository: `doge/${repository}`,
    tag,
    layer: `${repository}.tar.gz`,
    digest: sha256(`${layer}.gz`),
    size: readFileSync(`${layer}.gz`).byteLength,
    configuration: {
      architecture: "amd64",
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: recipe.config,
      rootfs: { type: "layers", diff_ids: [diffId] },
    },
  };
}

function skeleton(root: string, tree: string, authorityPem: string): void {
  for (const folder of ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc/ssl/certs", "root"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ["tmp", "run", "proc", "sys", "dev", "var/lib", "data", "config", "home/node"])
    mkdirSync(join(root, folder), { recursive: true });
  run(["chmod", "1777", join(root, "tmp")]);
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  const busybox = join(root, "usr/bin/busybox");
  copyFileSync(join(tree, "usr/bin/busybox"), busybox);
  for (const applet of run([busybox, "--list"])
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox"))
    symlinkSync("busybox", join(root, "usr/bin", applet));
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\npostgres:x:999:\n");
  writeFileSync(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  // What the public authorities are for a real image.
  writeFileSync(join(root, "etc/ssl/certs/ca-certificates.crt"), authorityPem);
}

/** Copies files of a tree with the shared libraries that its own dynamic linker finds for them. */
function copyWithLibraries(tree: string, root: string, files: readonly string[]): void {
  const programs = files.map((file) => realPath(tree, file));
  const wanted = new Set(programs);
  for (const file of programs) {
    const found = run([
      "sh",
      "-c",
      'chroot "$1" /lib64/ld-linux-x86-64.so.2 --list "$2" 2>/dev/null || true',
      "sh",
      tree,
      file,
    ]);
    for (const [library] of found.matchAll(/\/\S+/g)) wanted.add(library);
  }
  wanted.add("/lib64/ld-linux-x86-64.so.2");
  for (const file of wanted) {
    const target = join(root, file);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    run(["cp", "--dereference", "--preserve=mode", join(tree, file), target]);
  }
}

/** A name such as `/lib/…` is a link in a merged tree; the file goes where it really is. */
const realPath = (tree: string, file: string): string =>
  existsSync(join(tree, file)) ? file : file.replace(/^\/usr/, "");

const sha256 = (file: string): string => `sha256:${createHash("sha256").update(readFileSync(file)).digest("hex")}`;
