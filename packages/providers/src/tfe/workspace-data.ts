import { fail } from "@doge/core";
import { defineDataSource } from "@doge/engine";
import { required } from "../shared/attributes.ts";
import type { Tfe } from "./configure.ts";

/** A workspace that exists already, found by its name: the attributes that others refer to. */
export const workspaceData = defineDataSource<Tfe>()({
  type: "tfe_workspace",
  schema: {
    attributes: {
      id: { type: "string", computed: true },
      name: { type: "string", required: true },
      organization: { type: "string", required: true },
      execution_mode: { type: "string", computed: true },
      terraform_version: { type: "string", computed: true },
    },
  },
  async read(client, config) {
    const [organization, name] = [required(config, "organization"), required(config, "name")];
    const found = await client.api.workspaces.byName(organization, name);
    if (!found)
      fail({
        code: "tfe-not-found",
        summary: "HCP Terraform has no such workspace",
        detail: `"${name}" in organization ${organization}`,
        remedy: "Apply what makes it first (doge apply meta).",
      });
    return {
      id: found.id,
      name,
      organization,
      execution_mode: found.attributes["execution-mode"] ?? null,
      terraform_version: found.attributes["terraform-version"] ?? null,
    };
  },
});
