import { join } from "node:path";
import { fail, type Machine, type Secret } from "@doge/core";
import { treeTag } from "../registry/push.ts";

/** What a build with the engine's builder needs to know. */
export interface DockerfileBuild {
  /** The tree, unpacked: the build's context, with its Dockerfile. */
  readonly folder: string;
  /** Host of the registry, as `docker login` takes it. */
  readonly host: string;
  /** `ada/shop`. */
  readonly repository: string;
  readonly tree: string;
  /** URL of the repository. */
  readonly source: string;
  /** `linux/amd64` unless told: what droplets are. */
  readonly platform?: string;
}

/** The last image's layers serve as cache for the next build: on a CI machine there is no other. */
const cacheTag = "build-cache";

/** Builders of the commands, in their order. No secret is part of them. */
export const dockerfileCommands = ({ folder, host, repository, tree, source, platform }: DockerfileBuild) => {
  const image = `${host}/${repository}`;
  const labels = {
    "org.opencontainers.image.revision": tree,
    "org.opencontainers.image.source": source,
    "dev.doge.tree": tree,
  };
  const build = (tags: readonly string[], cache: readonly string[]): readonly string[] => [
    "docker",
    "build",
    "--progress",
    "plain",
    "--platform",
    platform ?? "linux/amd64",
    ...tags.flatMap((tag) => ["--tag", `${image}:${tag}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...cache,
    folder,
  ];
  return {
    engine: ["docker", "version", "--format", "{{.Server.Version}}"],
    login: (username: string) => ["docker", "login", host, "--username", username, "--password-stdin"],
    build: build(
      [treeTag(tree), cacheTag],
      ["--cache-from", `${image}:${cacheTag}`, "--build-arg", "BUILDKIT_INLINE_CACHE=1"],
    ),
    buildHere: build([treeTag(tree)], []),
    // The tag of the tree last: it never names an image that is not whole.
    push: [cacheTag, treeTag(tree)].map((tag) => ["docker", "push", "--quiet", `${image}:${tag}`]),
    save: (file: string) => ["docker", "save", "--output", file, `${image}:${treeTag(tree)}`],
  } as const satisfies Record<string, unknown>;
};

export interface Building {
  /** Folder for the engine's client configuration during the build; it is removed. */
  readonly configFolder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/**
 * Builds the Dockerfile of a tree with the machine's container engine, and pushes the image under the tree's tag.
 * The registry's token is given to the engine for this build alone. Throws `image-no-engine`, `image-build-failed`.
 */
export async function buildDockerfile(
  machine: Machine,
  build: DockerfileBuild & Building & { readonly credentials: { readonly username: string; readonly token: Secret } },
): Promise<void> {
  const commands = dockerfileCommands(build);
  await withBuilder(machine, build, async (run) => {
    await run(
      commands.login(build.credentials.username),
      `docker login ${build.host}`,
      build.credentials.token.reveal(),
    );
    await run(commands.build, "docker build");
    for (const push of commands.push) await run(push, "docker push");
  });
}

/** The same without a registry: the image is written to a file, as `docker save` does. */
export async function saveDockerfile(
  machine: Machine,
  build: DockerfileBuild & Building & { readonly file: string },
): Promise<void> {
  const commands = dockerfileCommands(build);
  await withBuilder(machine, build, async (run) => {
    await run(commands.buildHere, "docker build");
    await run(commands.save(build.file), "docker save");
  });
}

type Run = (argv: readonly string[], doing: string, stdin?: string) => Promise<void>;

/** Lends the machine's engine, with a client configuration that is there for this build alone. */
async function withBuilder(
  machine: Machine,
  build: DockerfileBuild & Building,
  work: (run: Run) => Promise<void>,
): Promise<void> {
  const { configFolder, signal, onProgress = () => {} } = build;
  const { exitCode, stderr } = await machine.processes.run({ argv: argvOf(dockerfileCommands(build).engine) });
  if (exitCode !== 0) {
    fail({
      code: "image-no-engine",
      summary: "Building a Dockerfile needs a container engine",
      detail: exitCode === 127 ? "There is no docker on this machine." : stderr.trim(),
      remedy: "GitHub's runners have one: let CI build the image. Here, start Docker, or set DOCKER_HOST to an engine.",
    });
  }
  if ((await machine.files.read(join(build.folder, "Dockerfile"))) === undefined) {
    fail({
      code: "image-no-dockerfile",
      summary: "The commit has no Dockerfile",
      address: "Dockerfile",
      remedy: 'Commit one, or set app.build to "assemble" in doge.config.ts (plain Node apps).',
    });
  }
  const env = { DOCKER_CONFIG: configFolder, DOCKER_BUILDKIT: "1" };
  const run: Run = async (argv, doing, stdin) => {
    const last: string[] = [];
    const result = await machine.processes.run({
      argv: argvOf(argv),
      env,
      ...(stdin === undefined ? {} : { stdin }),
      ...(signal ? { signal } : {}),
      onOutput: (chunk) => {
        for (const line of chunk.split("\n")) {
          if (line.trim() === "") continue;
          last.push(line);
          onProgress(line.slice(0, 160));
        }
        last.splice(0, last.length - 30);
      },
    });
    if (result.exitCode === 0) return;
    fail({
      code: "image-build-failed",
      summary: "The image could not be built",
      detail: `${doing} ended with ${result.exitCode}:\n${last.slice(-20).join("\n")}`,
      address: "Dockerfile",
      remedy: "Build it here to see all of it: docker build .",
    });
  };
  try {
    await machine.files.write(join(configFolder, "config.json"), "{}", { mode: 0o600 });
    await work(run);
  } finally {
    await machine.files.remove(configFolder);
  }
}

const argvOf = (words: readonly string[]): [string, ...string[]] => [...words] as [string, ...string[]];
