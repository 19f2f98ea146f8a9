import { type Attributes, defineResource } from "@doge/engine";
import { flag, required, strings, text } from "../shared/attributes.ts";
import { alreadyExists, createOnce } from "../shared/errors.ts";
import { vendor } from "./client/jsonapi.ts";
import type { Workspace } from "./client/workspaces.ts";
import { type Tfe, organizationOf } from "./configure.ts";
import { workspaceLinks, workspaceRequest, workspaceSchema, workspaceState } from "./workspace-schema.ts";

async function observe({ api }: Tfe, workspace: Workspace, known: Attributes): Promise<Attributes> {
  const global = workspace.attributes["global-remote-state"] ?? false;
  const [tags, consumers] = await Promise.all([
    api.workspaces.tags(workspace.id),
    global ? [] : api.workspaces.remoteStateConsumers(workspace.id),
  ]);
  return workspaceState(workspace, { tags, consumers }, known, api.address);
}

/** What has requests of its own: tags by name, the SSH key, readers of the state. */
async function settle({ api }: Tfe, id: string, config: Attributes, prior: Attributes | undefined): Promise<void> {
  if (config["tag_names"]) {
    const before = strings(prior ?? {}, "tag_names");
    const wanted = strings(config, "tag_names");
    await api.workspaces.addTags(
      id,
      wanted.filter((name) => !before.includes(name)),
    );
    await api.workspaces.removeTags(
      id,
      before.filter((name) => !wanted.includes(name)),
    );
  }
  const key = text(config, "ssh_key_id") ?? "";
  if (key !== (text(prior ?? {}, "ssh_key_id") ?? "")) await api.workspaces.setSshKey(id, key || null);
  if (config["remote_state_consumer_ids"] && !flag(config, "global_remote_state"))
    await api.workspaces.setRemoteStateConsumers(id, strings(config, "remote_state_consumer_ids"));
}

export const workspace = defineResource<Tfe>()({
  type: "tfe_workspace",
  schemaVersion: 1,
  schema: workspaceSchema,

  async read(client, prior) {
    const workspace = await client.api.workspaces.get(required(prior, "id"));
    return workspace && observe(client, workspace, prior);
  },

  async find(client, { config }) {
    const workspace = await client.api.workspaces.byName(organizationOf(client, config), required(config, "name"));
    return workspace && observe(client, workspace, config);
  },

  async reconcile(client, { config, prior, created }) {
    const { workspaces } = client.api;
    const name = required(config, "name");
    const organization = organizationOf(client, config);
    let live: Workspace;
    if (prior) {
      live = await workspaces.update(
        required(prior, "id"),
        workspaceRequest(config, { create: false }),
        workspaceLinks(config),
      );
    } else {
      live = await createOnce({
        create: () =>
          workspaces.create(organization, workspaceRequest(config, { create: true }), workspaceLinks(config)),
        find: () => workspaces.byName(organization, name),
        taken: [409, 422],
        exists: (found) =>
          alreadyExists(vendor, {
            type: "tfe_workspace",
            name,
            importId: found.id,
            rename: "choose another name or slug",
          }),
      });
      await created(workspaceState(live, { tags: {}, consumers: [] }, config, client.api.address));
    }
    await settle(client, live.id, config, prior);
    return observe(client, (await workspaces.get(live.id)) ?? live, { organization, ...config });
  },

  async remove(client, prior) {
    await client.api.workspaces.delete(required(prior, "id"), { force: flag(prior, "force_delete") ?? false });
  },

  importState: (id) => ({ id }),
});
