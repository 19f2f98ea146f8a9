import { join } from "node:path";
import type { Files } from "@doge/core";
import { dockerfileFacts } from "./dockerfile.ts";
import { nodeFacts } from "./node-project.ts";
import { pythonFacts } from "./python-project.ts";

/** What can be seen of a project without running it. What is undefined is asked, or left to a default. */
export interface Facts {
  readonly kind: "node" | "python" | "dockerfile";
  /** `Django`, `Express`, `Node`: for people. */
  readonly framework: string;
  readonly name?: string;
  /** `assemble`: Doge puts the image together. `dockerfile`: the container engine builds it. */
  readonly build: "assemble" | "dockerfile";
  readonly port?: number;
  /** Path that answers 200 when requests may come. */
  readonly ready?: string;
  readonly migrate?: readonly string[];
  /** Commands that CI runs; none where the npm scripts say it. */
  readonly checks?: readonly (readonly string[])[];
  /** A Dockerfile to write, where the project needs one and has none. */
  readonly dockerfile?: string;
  /** Environment variables that the code reads. */
  readonly variables: readonly string[];
  readonly postgres: boolean;
  readonly redis: boolean;
}

/** A project's folder, as detection reads it. */
export interface Seen {
  readonly names: ReadonlySet<string>;
  read(path: string): Promise<string | undefined>;
  /** Text of the source files with one of these endings, up to a bound: names and paths are looked for in it. */
  sources(...endings: readonly string[]): Promise<string>;
}

/** What the folder holds; undefined where it is no kind of project that Doge knows how to run. */
export async function detectProject(files: Files, folder: string): Promise<Facts | undefined> {
  const seen = await look(files, folder);
  const own = (await pythonFacts(seen)) ?? (await nodeFacts(seen));
  const dockerfile = await seen.read("Dockerfile");
  if (dockerfile === undefined) return own;
  const { port, framework } = dockerfileFacts(dockerfile);
  if (!own) return { kind: "dockerfile", framework, build: "dockerfile", ...(port ? { port } : {}), ...bare };
  // The project's own Dockerfile says how it is built; what it is made of says the rest.
  const { dockerfile: _written, ...rest } = own;
  return { ...rest, build: "dockerfile", ...(port ? { port } : {}) };
}

const bare = { variables: [], postgres: false, redis: false } as const;

const skipped = /^(\.|node_modules$|vendor$|dist$|build$|venv$|env$|__pycache__$|static$|media$|coverage$)/;
const mostFiles = 400;
const mostBytes = 2_000_000;

async function look(files: Files, folder: string): Promise<Seen> {
  const names = new Set(await files.list(folder));
  return {
    names,
    read: (path) => files.read(join(folder, path)),
    async sources(...endings) {
      const found: string[] = [];
      let bytes = 0;
      const walk = async (at: string, depth: number): Promise<void> => {
        for (const name of await files.list(join(folder, at))) {
          if (found.length >= mostFiles || bytes >= mostBytes || skipped.test(name)) continue;
          const path = at === "" ? name : `${at}/${name}`;
          if (endings.some((ending) => name.endsWith(ending))) {
            const text = (await files.read(join(folder, path))) ?? "";
            found.push(text);
            bytes += text.length;
          } else if (depth < 6 && !name.includes(".")) await walk(path, depth + 1);
        }
      };
      await walk("", 0);
      return found.join("\n");
    },
  };
}
