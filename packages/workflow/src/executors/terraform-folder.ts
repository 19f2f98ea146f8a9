import { createHash } from "node:crypto";
import { fail, type Files, unwrap } from "@doge/core";
import { type Lease, parseState, serializeState, type State } from "@doge/engine";
import type { WorkspaceDefinition } from "./executor.ts";

/** What the local state was when terraform was started with it. */
interface Base {
  readonly digest: string;
}

const ours = /(?:\.tf|\.tf\.json|\.tfvars|\.tfvars\.json)$/;

/** The folder that terraform works in: the configuration, and the state while it is at work. */
export class TerraformFolder {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  /** The workspace's documents with the files beside them, and nothing else that terraform would take for its own. */
  async writeDocuments({ documents, files }: WorkspaceDefinition): Promise<void> {
    for (const name of await this.#files.list(this.path))
      if (ours.test(name) && !(name in documents)) await this.#files.remove(`${this.path}/${name}`);
    for (const [name, content] of Object.entries({ ...files, ...documents }))
      await this.#files.write(`${this.path}/${name}`, content, { mode: 0o600 });
  }

  /** A state to plan on, under another name than the one that an apply works on. */
  async writeLook(state: State | undefined): Promise<void> {
    await this.#files.remove(this.#at("look.tfstate"));
    if (state) await this.#files.write(this.#at("look.tfstate"), serializeState(state), { mode: 0o600 });
  }

  /**
   * Puts the state there for an apply. What a terraform that was killed had written and nobody took over yet goes into
   * the store first. Returns the state to work on.
   */
  async begin(lease: Lease): Promise<State | undefined> {
    const left = await this.#read();
    const base = await this.#base();
    const present = await lease.read();
    if (left && base && digestOf(left) !== base.digest) {
      if (present && digestOf(present) !== base.digest) {
        return fail({
          code: "state-conflict",
          summary: "A terraform that was killed left a state that no longer fits",
          detail: "The workspace's state was changed by somebody else since.",
          address: this.#at("terraform.tfstate"),
          remedy: "Compare both (doge state pull), push the right one (doge state push), and remove this file.",
        });
      }
      const lineage = present?.lineage ?? left.lineage;
      await lease.save({ ...left, lineage, serial: Math.max(left.serial, (present?.serial ?? 0) + 1) });
    }
    const state = await lease.read();
    // A file that says the same stays as it is: a terraform that is still at work has it locked.
    if (state === undefined) await this.#files.remove(this.#at("terraform.tfstate"));
    else if (left === undefined || serializeState(left) !== serializeState(state))
      await this.#files.write(this.#at("terraform.tfstate"), serializeState(state), { mode: 0o600 });
    await this.#files.write(this.#at("base.json"), JSON.stringify({ digest: digestOf(state) }), { mode: 0o600 });
    return state;
  }

  /** Takes what terraform wrote into the store, and leaves nothing secret behind. */
  async finish(lease: Lease): Promise<void> {
    const written = await this.#read();
    const present = await lease.read();
    if (written && digestOf(written) !== digestOf(present)) await lease.save(written);
    for (const name of ["terraform.tfstate", "terraform.tfstate.backup", "base.json"])
      await this.#files.remove(this.#at(name));
    await this.removePlans();
  }

  async removePlans(): Promise<void> {
    for (const name of ["run.plan", "look.plan", "look.tfstate"]) await this.#files.remove(this.#at(name));
  }

  readPlan(name: string): Promise<Uint8Array | undefined> {
    return this.#files.readBytes(this.#at(name));
  }

  writePlan(content: Uint8Array): Promise<void> {
    return this.#files.write(this.#at("run.plan"), content, { mode: 0o600 });
  }

  async #read(): Promise<State | undefined> {
    const text = await this.#files.read(this.#at("terraform.tfstate"));
    if (text === undefined || text === "") return undefined;
    return unwrap(parseState(text));
  }

  async #base(): Promise<Base | undefined> {
    const text = await this.#files.read(this.#at("base.json"));
    return text === undefined ? undefined : (JSON.parse(text) as Base);
  }

  #at(name: string): string {
    return `${this.path}/${name}`;
  }
}

/** What a state says, whoever wrote it and however often. */
const digestOf = (state: State | undefined): string =>
  createHash("sha256")
    .update(state ? serializeState({ ...state, serial: 0, terraform_version: "", lineage: "" }) : "")
    .digest("hex");
