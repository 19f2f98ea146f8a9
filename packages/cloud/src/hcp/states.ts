/** State versions: a workspace's states, each under its own serial, one lineage for all. */
import { createHash } from "node:crypto";
import { Hono, type Context } from "hono";
import { linkUrl, makeLink, readBlob, writeBlob } from "./blobs.ts";
import {
  ApiError,
  conflict,
  flag,
  found,
  invalid,
  notFound,
  readResource,
  relatedId,
  send,
  sendData,
  sendPage,
  text,
  toMany,
  toOne,
  type Resource,
  type SentResource,
} from "./jsonapi.ts";
import { timestamp, type Hcp, type StateVersion, type Workspace } from "./model.ts";
import { currentState, readState, type StateContent } from "./state-content.ts";
import { workspaceNamed } from "./workspaces.ts";

export function stateResource(hcp: Hcp, state: StateVersion): Resource {
  return {
    id: state.id,
    type: "state-versions",
    attributes: {
      serial: state.serial,
      status: state.status,
      "created-at": state.createdAt,
      size: state.size,
      "state-version": 4,
      "terraform-version": state.terraformVersion || null,
      intermediate: state.intermediate,
      "resources-processed": state.status === "finalized",
      "billable-rum-count": state.resourceCount,
      "hosted-state-download-url": state.status === "finalized" ? linkUrl(hcp, state.stateKey) : null,
      "hosted-json-state-download-url": state.hasJsonState ? linkUrl(hcp, state.jsonStateKey) : null,
      "hosted-state-upload-url": state.status === "pending" ? linkUrl(hcp, state.stateKey) : null,
      "hosted-json-state-upload-url": state.hasJsonState ? null : linkUrl(hcp, state.jsonStateKey),
    },
    relationships: {
      workspace: toOne("workspaces", state.workspaceId),
      ...(state.runId ? { run: toOne("runs", state.runId) } : {}),
      outputs: toMany(
        "state-version-outputs",
        state.outputs.map(({ id }) => id),
      ),
    },
    links: { self: `/api/v2/state-versions/${state.id}` },
  };
}

interface NewState {
  readonly runId?: string;
  readonly intermediate?: boolean;
  /** Skips the checks of serial and lineage. */
  readonly force?: boolean;
}

/**
 * Keeps a whole state as the workspace's current one.
 * @throws ApiError 409 for another lineage, a lower serial, or other content under the same serial.
 */
export async function recordState(
  hcp: Hcp,
  workspace: Workspace,
  bytes: Uint8Array,
  options: NewState = {},
): Promise<StateVersion> {
  const content = readState(bytes);
  const md5 = md5Of(bytes);
  const same = options.force ? undefined : checkSuccession(hcp, workspace, { ...content, md5 });
  if (same) return same;
  const pending = newState(hcp, workspace, { ...content, md5, ...options });
  return finalize(hcp, pending, bytes);
}

/** Its content, or undefined where a workspace has no state yet. */
export async function currentStateText(hcp: Hcp, workspace: Workspace): Promise<string | undefined> {
  const state = currentState(hcp, workspace);
  return state && (await readBlob(hcp, "states", state.id))?.toString();
}

interface Declared {
  readonly serial: number;
  readonly lineage: string;
  readonly md5: string;
}

/** The version that already holds this very content, if one does. */
function checkSuccession(hcp: Hcp, workspace: Workspace, next: Declared): StateVersion | undefined {
  const current = currentState(hcp, workspace);
  if (!current) return undefined;
  if (next.lineage !== current.lineage && next.lineage !== "")
    throw conflict("Lineage does not match the lineage of the current state version");
  if (next.serial < current.serial)
    throw conflict(`Serial ${next.serial} is older than the current serial ${current.serial}`);
  if (next.serial > current.serial) return undefined;
  if (next.md5 !== current.md5)
    throw conflict(`A state version with serial ${next.serial} exists already, with other content`);
  return current;
}

function newState(hcp: Hcp, workspace: Workspace, state: Declared & NewState & Partial<StateContent>): StateVersion {
  const id = hcp.context.ids.prefixed("sv");
  return hcp.states.put(id, {
    id,
    workspaceId: workspace.id,
    ...(state.runId ? { runId: state.runId } : {}),
    status: "pending",
    serial: state.serial,
    lineage: state.lineage,
    md5: state.md5,
    terraformVersion: state.terraformVersion ?? "",
    intermediate: state.intermediate ?? false,
    createdAt: timestamp(hcp),
    size: 0,
    stateKey: makeLink(hcp, { purpose: "state", id }),
    jsonStateKey: makeLink(hcp, { purpose: "json-state", id }),
    hasJsonState: false,
    resourceCount: 0,
    outputs: [],
  });
}

async function finalize(hcp: Hcp, state: StateVersion, bytes: Uint8Array): Promise<StateVersion> {
  const content = readState(bytes);
  await writeBlob(hcp, "states", state.id, bytes);
  return hcp.context.store.transaction(() => {
    hcp.workspaces.update(state.workspaceId, (workspace) => ({
      ...workspace,
      stateVersionId: state.id,
      updatedAt: timestamp(hcp),
    }));
    return hcp.states.put(state.id, {
      ...found(hcp.states.get(state.id)),
      status: "finalized",
      lineage: content.lineage,
      terraformVersion: content.terraformVersion,
      resourceCount: content.resourceCount,
      size: bytes.byteLength,
      outputs: Object.keys(content.outputs).map((name) => ({ id: hcp.context.ids.prefixed("wsout"), name })),
    });
  });
}

/** PUT to `hosted-state-upload-url`. */
export async function uploadState(hcp: Hcp, id: string, bytes: Uint8Array): Promise<void> {
  const state = found(hcp.states.get(id));
  if (state.status !== "pending") throw conflict("State was already uploaded");
  if (md5Of(bytes) !== state.md5)
    throw conflict("The MD5 of the uploaded state does not match md5 of the state version");
  await finalize(hcp, state, bytes);
}

/** PUT to `hosted-json-state-upload-url`. */
export async function uploadJsonState(hcp: Hcp, id: string, bytes: Uint8Array): Promise<void> {
  found(hcp.states.get(id));
  await writeBlob(hcp, "json-states", id, bytes);
  // Clients send both forms of a state at once: the other may have been finished meanwhile.
  hcp.states.put(id, { ...found(hcp.states.get(id)), hasJsonState: true });
}

const md5Of = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

export const stateRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const workspaceOf = (c: Context): Workspace => found(hcp.workspaces.get(c.req.param("workspace") ?? ""));
  const current = (c: Context): StateVersion => found(currentState(hcp, workspaceOf(c)));
  const byId = (c: Context): StateVersion => found(hcp.states.get(c.req.param("state") ?? ""));

  routes.post("/workspaces/:workspace/state-versions", async (c) =>
    sendData(c, stateResource(hcp, await create(hcp, workspaceOf(c), await readResource(c))), 201),
  );
  routes.get("/workspaces/:workspace/current-state-version", async (c) => {
    const state = current(c);
    const included = asksFor(c, "outputs") ? { included: await outputResources(hcp, state) } : {};
    return send(c, { data: stateResource(hcp, state), ...included });
  });
  routes.get("/workspaces/:workspace/current-state-version-outputs", async (c) =>
    sendPage(c, await outputResources(hcp, current(c))),
  );
  routes.get("/state-versions", (c) => {
    const query = new URL(c.req.url).searchParams;
    const name = query.get("filter[workspace][name]");
    if (!name) throw new ApiError(422, "invalid attribute", "filter[workspace][name] is required");
    const { id } = workspaceNamed(hcp, query.get("filter[organization][name]") ?? hcp.organization, name);
    const states = hcp.states.list((state) => state.workspaceId === id && state.status === "finalized").toReversed();
    return sendPage(
      c,
      states.map((state) => stateResource(hcp, state)),
    );
  });
  routes.get("/state-versions/:state", async (c) => {
    const state = byId(c);
    const included = asksFor(c, "outputs") ? { included: await outputResources(hcp, state) } : {};
    return send(c, { data: stateResource(hcp, state), ...included });
  });
  routes.get("/state-versions/:state/outputs", async (c) => sendPage(c, await outputResources(hcp, byId(c))));
  // The one place that shows a sensitive output: clients ask for it by name.
  routes.get("/state-version-outputs/:output", async (c) => {
    const id = c.req.param("output");
    const state = found(hcp.states.list(({ outputs }) => outputs.some((output) => output.id === id))[0]);
    const output = (await outputResources(hcp, state, true)).find((resource) => resource.id === id);
    return sendData(c, found(output));
  });
  return routes;
};

async function create(hcp: Hcp, workspace: Workspace, sent: SentResource): Promise<StateVersion> {
  const serial = sent.attributes["serial"];
  const md5 = text(sent, "md5") ?? "";
  const lineage = text(sent, "lineage") ?? "";
  if (typeof serial !== "number" || !Number.isInteger(serial) || serial < 0)
    throw invalid("serial", "Serial must be a number that is not negative");
  if (!/^[0-9a-f]{32}$/.test(md5)) throw invalid("md5", "MD5 must be 32 hexadecimal digits");
  if (!workspace.lock) throw conflict("The workspace must be locked by the user who creates a state version");
  if (workspace.lock.type === "runs") throw conflict(`The workspace is locked by Run ${workspace.lock.id}`);
  const force = flag(sent, "force") ?? false;
  const runId = relatedId(sent, "run");
  const options = { force, ...(runId ? { runId } : {}) };
  const inline = text(sent, "state");
  if (inline === undefined) {
    const same = force ? undefined : checkSuccession(hcp, workspace, { serial, lineage, md5 });
    return same ?? newState(hcp, workspace, { serial, lineage, md5, ...options });
  }
  const bytes = Buffer.from(inline, "base64");
  if (md5Of(bytes) !== md5) throw conflict("The MD5 of the state does not match md5");
  const content = readState(bytes);
  if (content.serial !== serial || (lineage !== "" && content.lineage !== lineage))
    throw conflict("The state's serial and lineage do not match those of the request");
  const state = await recordState(hcp, workspace, bytes, options);
  const jsonState = text(sent, "json-state");
  if (jsonState !== undefined) await uploadJsonState(hcp, state.id, Buffer.from(jsonState, "base64"));
  return found(hcp.states.get(state.id));
}

async function outputResources(hcp: Hcp, state: StateVersion, reveal = false): Promise<Resource[]> {
  const bytes = await readBlob(hcp, "states", state.id);
  if (!bytes) throw notFound();
  const { outputs } = readState(bytes);
  return state.outputs.flatMap(({ id, name }) => {
    const output = outputs[name];
    if (!output) return [];
    const { sensitive, type, value } = output;
    return [
      {
        id,
        type: "state-version-outputs",
        attributes: {
          name,
          sensitive,
          type: String(Array.isArray(type) ? type[0] : type),
          "detailed-type": type,
          value: sensitive && !reveal ? null : value,
        },
        links: { self: `/api/v2/state-version-outputs/${id}` },
      },
    ];
  });
}

const asksFor = (c: Context, what: string): boolean =>
  (new URL(c.req.url).searchParams.get("include") ?? "").split(",").includes(what);
