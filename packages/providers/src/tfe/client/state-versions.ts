import { createHash } from "node:crypto";
import { ifFound } from "../../shared/errors.ts";
import { type JsonApi, type Resource, segment } from "./jsonapi.ts";

export interface StateVersionAttributes {
  readonly serial: number;
  readonly "created-at": string;
  readonly status?: string;
  readonly "hosted-state-download-url"?: string | null;
  readonly "hosted-state-upload-url"?: string | null;
  readonly "hosted-json-state-upload-url"?: string | null;
}

export type StateVersion = Resource<StateVersionAttributes>;

export interface StateOutput {
  readonly name: string;
  readonly sensitive: boolean;
  readonly value: unknown;
}

export interface StateVersions {
  current(workspace: string): Promise<StateVersion | undefined>;
  /** The raw state, Terraform's version 4. */
  download(version: StateVersion): Promise<string>;
  /**
   * Writes a state; the workspace must be locked by this token. `lineage` and `serial` are those inside
   * it: another lineage or an older serial is refused with 409.
   */
  create(
    workspace: string,
    state: { readonly content: string; readonly serial: number; readonly lineage: string; readonly run?: string },
  ): Promise<StateVersion>;
  /** Values of sensitive outputs are null. Empty where there is no state yet. */
  outputs(workspace: string): Promise<StateOutput[]>;
}

export function stateVersions(api: JsonApi): StateVersions {
  const at = (workspace: string) => `/workspaces/${segment(workspace)}`;
  return {
    current: (workspace) => ifFound(api.one<StateVersionAttributes>("GET", `${at(workspace)}/current-state-version`)),
    async download(version) {
      const url = version.attributes["hosted-state-download-url"];
      if (!url) throw new Error(`state version ${version.id} has no download address`);
      // Stored objects live at addresses that are their own authority; only HCP Terraform itself sees the token.
      const anonymous = new URL(url).origin !== new URL(api.address).origin;
      return (await api.send("GET", url, { anonymous })).text();
    },
    async create(workspace, { content, serial, lineage, run }) {
      const wanted = {
        type: "state-versions",
        attributes: { serial, lineage, md5: createHash("md5").update(content).digest("hex") },
        ...(run ? { relationships: { run: { data: { type: "runs", id: run } } } } : {}),
      };
      // One that gets no content never counts: asking again for the same serial does no harm.
      const version = await api.one<StateVersionAttributes>("POST", `${at(workspace)}/state-versions`, wanted, {
        repeatable: true,
      });
      if (version.attributes.status === "finalized") return version;
      const upload = version.attributes["hosted-state-upload-url"];
      if (!upload) throw new Error(`state version ${version.id} has no upload address`);
      // The address is its own authority: the token stays here.
      await api.send("PUT", upload, {
        bytes: content,
        anonymous: true,
        headers: { "content-type": "application/octet-stream" },
      });
      return version;
    },
    async outputs(workspace) {
      const outputs = await ifFound(api.all<StateOutput>(`${at(workspace)}/current-state-version-outputs`));
      return (outputs ?? []).map(({ attributes: { name, sensitive, value } }) => ({ name, sensitive, value }));
    },
  };
}
