/** Configuration versions: the archives that runs are made from. */
import { Hono, type Context } from "hono";
import { linkUrl, makeLink, readBlob, writeBlob } from "./blobs.ts";
import { conflict, flag, found, readResource, sendData, sendPage, toOne, type Resource } from "./jsonapi.ts";
import { timestamp, type ConfigurationVersion, type Hcp } from "./model.ts";

export function configurationResource(hcp: Hcp, version: ConfigurationVersion): Resource {
  return {
    id: version.id,
    type: "configuration-versions",
    attributes: {
      "auto-queue-runs": version.autoQueueRuns,
      error: null,
      "error-message": null,
      source: "tfe-api",
      speculative: version.speculative,
      provisional: version.provisional,
      status: version.status,
      "status-timestamps": version.uploadedAt ? { "uploaded-at": version.uploadedAt } : {},
      "upload-url": version.status === "pending" ? linkUrl(hcp, version.uploadKey) : null,
      "changed-files": [],
    },
    relationships: { workspace: toOne("workspaces", version.workspaceId) },
    links: { self: `/api/v2/configuration-versions/${version.id}` },
  };
}

export const configurationRoutes = (hcp: Hcp): Hono => {
  const routes = new Hono();
  const byId = (c: Context): ConfigurationVersion => found(hcp.configurations.get(c.req.param("configuration") ?? ""));
  routes.post("/workspaces/:workspace/configuration-versions", async (c) => {
    const workspace = found(hcp.workspaces.get(c.req.param("workspace")));
    const sent = await readResource(c);
    const id = hcp.context.ids.prefixed("cv");
    const version: ConfigurationVersion = {
      id,
      workspaceId: workspace.id,
      status: "pending",
      speculative: flag(sent, "speculative") ?? false,
      provisional: flag(sent, "provisional") ?? false,
      autoQueueRuns: flag(sent, "auto-queue-runs") ?? true,
      uploadKey: makeLink(hcp, { purpose: "configuration", id }),
    };
    return sendData(c, configurationResource(hcp, hcp.configurations.put(id, version)), 201);
  });
  routes.get("/workspaces/:workspace/configuration-versions", (c) => {
    const { id } = found(hcp.workspaces.get(c.req.param("workspace")));
    const versions = hcp.configurations.list(({ workspaceId }) => workspaceId === id).toReversed();
    return sendPage(
      c,
      versions.map((version) => configurationResource(hcp, version)),
    );
  });
  routes.get("/configuration-versions/:configuration", (c) => sendData(c, configurationResource(hcp, byId(c))));
  routes.get("/configuration-versions/:configuration/download", async (c) => {
    const archive = found(await readBlob(hcp, "configurations", byId(c).id));
    return c.body(new Uint8Array(archive), 200, { "content-type": "application/gzip" });
  });
  return routes;
};

/** PUT to `upload-url`. */
export async function uploadConfiguration(hcp: Hcp, id: string, archive: Uint8Array): Promise<ConfigurationVersion> {
  const version = found(hcp.configurations.get(id));
  if (version.status !== "pending") throw conflict("Configuration was already uploaded");
  const gzip = archive[0] === 0x1f && archive[1] === 0x8b;
  if (gzip) await writeBlob(hcp, "configurations", id, archive);
  return hcp.configurations.put(id, { ...version, status: gzip ? "uploaded" : "errored", uploadedAt: timestamp(hcp) });
}
