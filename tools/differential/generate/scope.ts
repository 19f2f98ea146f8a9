/** One module at random: its blocks in an order in which each refers to earlier ones only, and how they change. */
import { type Call, call } from "./call.ts";
import type { Block, Modules } from "./configuration.ts";
import type { Context } from "./context.ts";
import { Expressions, type Reference } from "./expressions.ts";
import { type Managed, managed } from "./managed.ts";
import { block, type Member } from "./member.ts";
import { importing, moving, rekeying, removing } from "./statements.ts";
import type { Drift } from "../case.ts";
import { datum, type Remote, remote } from "./data.ts";
import { check, type Local, local, type Output, output } from "./values.ts";
import { type Variable, variable } from "./variables.ts";

export class Scope {
  readonly context: Context;
  /** "" is the root. */
  folder: string;
  readonly depth: number;
  /** What the names of objects begin with, one for each instance of the module. */
  prefixes: readonly string[] = [""];
  /** What addresses begin with, the same way. */
  addresses: readonly string[] = [""];
  #members: Member[] = [];
  /** `moved`, `removed` and `import` blocks of this step. */
  #statements: Block[] = [];
  /** Objects that are to be imported must be there. */
  foreign: Drift[] = [];
  /** A provider besides the usual one. */
  alias: string | undefined;

  constructor(context: Context, folder = "", depth = 0) {
    this.context = context;
    this.folder = folder;
    this.depth = depth;
  }

  place(prefixes: readonly string[], addresses: readonly string[]): void {
    this.prefixes = prefixes;
    this.addresses = addresses;
  }

  fill(variables?: readonly Variable[]): void {
    const { random } = this.context;
    const root = this.folder === "";
    if (root && random.chance(0.2)) this.alias = "fake.west";
    this.#members.push(...(variables ?? this.#many(random.below(4), variable)));
    this.#members.push(...this.#many(random.below(root ? 3 : 2), local));
    this.#members.push(...this.#many(1 + random.below(root ? 3 : 2), managed));
    if (this.depth < 2 && random.chance(root ? 0.35 : 0.2)) this.#add(call);
    if (random.chance(0.3)) this.#add(datum);
    if (root && random.chance(0.1)) this.#add(remote);
    if (random.chance(0.2)) this.#add(local);
    if (random.chance(0.3)) this.#add(managed);
    this.#members.push(...this.#many(random.below(root ? 4 : 3), output));
    if (random.chance(0.2)) this.#add(check);
  }

  #many<T extends Member>(count: number, make: (scope: Scope) => T): T[] {
    const made: T[] = [];
    for (let n = 0; n < count; n++) made.push(make(this));
    return made;
  }

  #add(make: (scope: Scope) => Member): void {
    this.#members.push(make(this));
  }

  get variables(): readonly Variable[] {
    return this.#members.filter((one): one is Variable => one.address.startsWith("var."));
  }

  get outputs(): readonly Output[] {
    return this.#members.filter((one): one is Output => one.address.startsWith("output."));
  }

  get locals(): readonly Local[] {
    return this.#members.filter((one): one is Local => one.address.startsWith("local."));
  }

  /** The files that the root's remote states are read from. */
  remoteFiles(): Record<string, string> {
    const remotes = this.#members.filter((one): one is Remote => "file" in one);
    return Object.fromEntries(remotes.map(({ file: { path, content } }) => [path, content]));
  }

  get resources(): readonly Managed[] {
    return this.#members.filter((one): one is Managed => "renamed" in one);
  }

  get calls(): readonly Call[] {
    return this.#members.filter((one): one is Call => "scope" in one);
  }

  has(address: string): boolean {
    return this.#members.some((one) => one.address === address);
  }

  /** All before the member of that address; all there are where there is none yet. */
  #before(address: string): readonly Member[] {
    const at = this.#members.findIndex((one) => one.address === address);
    return at < 0 ? this.#members : this.#members.slice(0, at);
  }

  expressionsBefore(address: string, fits: (one: Reference) => boolean = () => true): Expressions {
    const own: Reference[] = this.#before(address).flatMap(({ references }) => references);
    return new Expressions(this.context.random, own.filter(fits));
  }

  /** Something to depend on. */
  anyBefore(address: string): string | undefined {
    return this.#any(this.#before(address).filter((one) => /^(fake_|module|data|terraform_data)/.test(one.address)));
  }

  anyResourceBefore(address: string): Managed | undefined {
    const all = this.#before(address).filter((one): one is Managed => "renamed" in one);
    return all.length === 0 ? undefined : this.context.random.pick(all);
  }

  #any(from: readonly Member[]): string | undefined {
    return from.length === 0 ? undefined : this.context.random.pick(from).address;
  }

  /** Some blocks are written anew, some go, some come, some move; what referred to what went is written anew. */
  change(): void {
    const { random } = this.context;
    this.#statements = [];
    this.foreign = [];
    const gone = new Set<string>();
    const all = this.#members;
    this.#members = [];
    for (const [i, old] of all.entries()) {
      const next = this.#changed(old, gone, all.length - i);
      if (next === undefined) {
        gone.add(old.address);
        continue;
      }
      if (next.address !== old.address || JSON.stringify(next.references) !== JSON.stringify(old.references))
        gone.add(old.address);
      this.#members.push(next);
    }
    if (random.chance(0.25)) this.#add(managed);
    if (this.folder === "" && random.chance(0.12)) {
      const { member, statement, made } = importing(this);
      this.#members.push(member);
      this.#statements.push(statement);
      this.foreign.push(...made);
    }
    if (this.folder === "" && random.chance(0.08)) this.#add(call);
    if (random.chance(0.1)) this.#add(output);
  }

  #changed(old: Member, gone: ReadonlySet<string>, left: number): Member | undefined {
    const { random } = this.context;
    const lost = [...old.uses].some((one) => gone.has(one));
    if ("renamed" in old) {
      const resource = old as Managed;
      if (left > 1 && random.chance(0.12)) {
        const inside = random.pick([undefined, undefined, ...this.calls.filter((one) => one.repetition === undefined)]);
        if (inside) this.#statements.push(moving(resource.address, inside.scope.adopt(resource)));
        else if (random.chance(0.3)) this.#statements.push(removing(resource, random));
        return undefined;
      }
      if (random.chance(0.1)) {
        const renamed = resource.renamed();
        this.#statements.push(moving(resource.address, renamed.address));
        return renamed;
      }
    }
    if ("scope" in old && random.chance(0.1)) {
      if (random.chance(0.3)) this.#statements.push(removing(old, random));
      return undefined;
    }
    if ("scope" in old && !lost && random.chance(0.1)) {
      const renamed = (old as Call).readdressed();
      this.#statements.push(moving(old.address, renamed.address));
      return renamed;
    }
    if (/^(output|check|data)/.test(old.address) && random.chance(0.08)) return undefined;
    if (old.again === undefined) return old;
    const again = lost || "scope" in old || random.chance(0.3) ? old.again() : undefined;
    if (again && ("renamed" in old || "scope" in old) && random.chance(0.6))
      this.#statements.push(...rekeying(old as Managed | Call, again as Managed | Call));
    return again ?? old;
  }

  /** Takes a resource over from the module that calls this one; gives its address from there. */
  adopt({ type, repetition }: Managed): string {
    const member = managed(this, { type, repetition });
    this.#members.push(member);
    return `module.${this.folder.split("/").at(-1) ?? ""}.${member.address}`;
  }

  /** The same module under another name of its call. */
  relocate(folder: string): void {
    for (const { scope } of this.calls) scope.relocate(`${folder}${scope.folder.slice(this.folder.length)}`);
    this.folder = folder;
  }

  /** The blocks of this module and of all below it. */
  modules(): Modules {
    const own: Block[] =
      this.folder === ""
        ? this.alias
          ? [block("provider", ["fake"], {}), block("provider", ["fake"], { alias: '"west"', token: '"t"' })]
          : []
        : [block("variable", ["prefix"], { type: "type:string" })];
    const blocks = [...own, ...this.#members.flatMap((one) => one.blocks), ...this.#statements];
    return Object.assign({ [this.folder]: blocks }, ...this.calls.map(({ scope }) => scope.modules())) as Modules;
  }

  /** This module and all below it. */
  *all(): Iterable<Scope> {
    yield this;
    for (const { scope } of this.calls) yield* scope.all();
  }
}
