/** `doge state …`, and the commands over states that Terraform has at its top. */
import { resolve } from "node:path";
import {
  findObjects,
  listObjects,
  moveObjects,
  removeObjects,
  renderObject,
  serializeState,
  setTainted,
  type State,
} from "@doge/engine";
import { fail } from "@doge/core";
import { editState, forceUnlock, pushState, requireState } from "@doge/workflow";
import { type ArgumentSpec, type Command, defineCommand } from "../command.ts";
import { chosenWorkspace, strings, workspaceArgument } from "./run-flags.ts";

const address: ArgumentSpec = { name: "address", help: "for example digitalocean_droplet.web" };

interface ListedObject {
  readonly address: string;
  readonly type: string;
  readonly id?: string;
  readonly status?: "tainted" | "deposed";
}

export const stateListCommand = defineCommand<{ readonly serial: number; readonly objects: readonly ListedObject[] }>({
  name: "state list",
  summary: "List the objects of a workspace's state",
  arguments: [workspaceArgument, { ...address, name: "addresses", help: "only what these name", rest: "words" }],
  view: ({ objects }) =>
    objects.map((one) => `${one.address}${one.status ? ` (${one.status})` : ""}`).join("\n") || "The state is empty.",
  async run(invocation) {
    const state = await requireState(await invocation.project(), chosenWorkspace(invocation));
    const objects = listObjects(state, strings(invocation.arguments["addresses"])).map(
      ({ address: at, resource, instance }) => ({
        address: at,
        type: resource.type,
        ...(typeof instance.attributes["id"] === "string" ? { id: instance.attributes["id"] } : {}),
        ...(instance.deposed ? { status: "deposed" as const } : instance.status ? { status: instance.status } : {}),
      }),
    );
    return { exitCode: 0, data: { serial: state.serial, objects } };
  },
});

export const stateShowCommand = defineCommand<{ readonly objects: ReturnType<typeof findObjects> }>({
  name: "state show",
  summary: "Show one object of a workspace's state; sensitive values are masked, but for --json",
  arguments: [workspaceArgument, address],
  view: ({ objects }) => objects.map(renderObject).join("\n"),
  async run(invocation) {
    const state = await requireState(await invocation.project(), chosenWorkspace(invocation));
    const objects = findObjects(state, invocation.arguments["address"] as string);
    return { exitCode: 0, data: { objects } };
  },
});

export const stateMvCommand = defineCommand<{ readonly moved: readonly string[] }>({
  name: "state mv",
  summary: "Give an object, a resource or a module another address in the state",
  description: "Nothing is changed at the vendors. Better where the configuration is shared: a moved block.",
  arguments: [workspaceArgument, { ...address, name: "from" }, { ...address, name: "to" }],
  examples: ["doge state mv stage digitalocean_record.a digitalocean_record.apex"],
  view: ({ moved }) => moved.join("\n"),
  async run(invocation) {
    const { from, to } = invocation.arguments as { readonly from: string; readonly to: string };
    let moved: readonly string[] = [];
    await editState(await invocation.project(), chosenWorkspace(invocation), "doge state mv", (state) => {
      const done = moveObjects(state, from, to);
      moved = done.moved;
      return done.state;
    });
    return { exitCode: 0, data: { moved } };
  },
});

export const stateRmCommand = defineCommand<{ readonly forgotten: readonly string[] }>({
  name: "state rm",
  summary: "Forget objects: they go on existing, and Doge no longer manages them",
  arguments: [workspaceArgument, { ...address, name: "addresses", rest: "words" }],
  view: ({ forgotten }) => forgotten.map((one) => `forgotten: ${one}`).join("\n"),
  async run(invocation) {
    const addresses = strings(invocation.arguments["addresses"]);
    if (addresses.length === 0)
      return fail({ code: "usage", summary: "Something is missing", detail: "ADDRESSES: what to forget" });
    let forgotten: readonly string[] = [];
    await editState(await invocation.project(), chosenWorkspace(invocation), "doge state rm", (state) => {
      forgotten = addresses.flatMap((one) => findObjects(state, one).map((found) => found.address));
      return removeObjects(state, addresses);
    });
    return { exitCode: 0, data: { forgotten } };
  },
});

export const statePullCommand = defineCommand<State>({
  name: "state pull",
  summary: "Print a workspace's state as Terraform writes it: secrets are in clear",
  arguments: [workspaceArgument],
  flags: { out: { type: "string", value: "FILE", help: "Write it to a file for its owner only, instead" } },
  examples: ["doge state pull stage --out stage.tfstate"],
  view: serializeState,
  async run(invocation) {
    const state = await requireState(await invocation.project(), chosenWorkspace(invocation));
    const out = invocation.flags["out"];
    if (typeof out !== "string") return { exitCode: 0, data: state, verbatim: true };
    await invocation.machine.files.write(resolve(invocation.folder, out), serializeState(state), { mode: 0o600 });
    return { exitCode: 0 };
  },
});

interface Pushed {
  readonly workspace: string;
  readonly serial: number;
}

export const statePushCommand = defineCommand<Pushed>({
  name: "state push",
  summary: "Replace a workspace's state by a file",
  description:
    "Refused for another lineage, and for a serial that is not newer; --force takes the content all the same.",
  arguments: [workspaceArgument, { name: "file", help: "a state of version 4" }],
  flags: { force: { type: "boolean", help: "Take the content, whatever its lineage and serial" } },
  view: ({ workspace, serial }) => `${workspace} is at serial ${serial}.`,
  async run(invocation) {
    const path = resolve(invocation.folder, invocation.arguments["file"] as string);
    const text = await invocation.machine.files.read(path);
    if (text === undefined) return fail({ code: "usage", summary: "The file is not there", detail: path });
    const workspace = chosenWorkspace(invocation);
    const force = invocation.flags["force"] === true;
    const { serial } = await pushState(await invocation.project(), workspace, text, { force });
    return { exitCode: 0, data: { workspace, serial } };
  },
});

interface Marked {
  readonly address: string;
  readonly tainted: boolean;
}

const tainting = (name: "taint" | "untaint", summary: string): Command =>
  defineCommand<Marked>({
    name,
    summary,
    arguments: [workspaceArgument, address],
    view: ({ address: at, tainted }) =>
      tainted ? `${at} will be made anew by the next apply.` : `${at} is sound again.`,
    async run(invocation) {
      const at = invocation.arguments["address"] as string;
      await editState(await invocation.project(), chosenWorkspace(invocation), `doge ${name}`, (state) =>
        setTainted(state, at, name === "taint"),
      );
      return { exitCode: 0, data: { address: at, tainted: name === "taint" } };
    },
  });

export const taintCommand = tainting("taint", "Mark an object to be made anew by the next apply");
export const untaintCommand = tainting("untaint", "Take that mark off");

export const forceUnlockCommand = defineCommand<{ readonly workspace: string; readonly lease: string }>({
  name: "force-unlock",
  summary: "Break the lock of a workspace's state, where its owner is gone",
  description:
    "The lease's id stands in the message that says who holds the lock. Its owner can write no more after this.",
  arguments: [workspaceArgument, { name: "lease", help: "id of the lease to break" }],
  view: ({ workspace }) => `${workspace} is unlocked.`,
  async run(invocation) {
    const workspace = chosenWorkspace(invocation);
    const lease = invocation.arguments["lease"] as string;
    await forceUnlock(await invocation.project(), workspace, lease);
    return { exitCode: 0, data: { workspace, lease } };
  },
});
