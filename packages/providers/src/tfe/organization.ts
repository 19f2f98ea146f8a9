import { fail } from "@doge/core";
import { defineDataSource } from "@doge/engine";
import { complete } from "../shared/attributes.ts";
import { computedBool, computedString, optionalString } from "../shared/schema.ts";
import { related } from "./client/jsonapi.ts";
import { type Tfe, organizationOf } from "./configure.ts";

const schema = {
  description: "An organization of HCP Terraform.",
  attributes: {
    id: computedString,
    name: { ...optionalString, description: "The provider's organization where left out." },
    external_id: computedString,
    email: computedString,
    default_project_id: computedString,
    collaborator_auth_policy: computedString,
    cost_estimation_enabled: computedBool,
    owners_team_saml_role_id: computedString,
    two_factor_conformant: computedBool,
    send_passing_statuses_for_untriggered_speculative_plans: computedBool,
    aggregated_commit_status_enabled: computedBool,
    speculative_plan_management_enabled: computedBool,
    assessments_enforced: computedBool,
    enforce_hyok: computedBool,
    max_ttl_enabled: computedBool,
  },
} as const;

export const organizationData = defineDataSource<Tfe>()({
  type: "tfe_organization",
  schema,
  async read(client, config) {
    const name = organizationOf(client, config, "name");
    const organization = await client.api.organizations.get(name);
    if (!organization)
      fail({
        code: "tfe-not-found",
        summary: "HCP Terraform has no such organization",
        detail: `"${name}" does not exist, or the token does not see it.`,
        remedy: `Make it at ${client.api.address}/app/organizations/new, or correct TFE_ORGANIZATION.`,
      });
    const seen = organization.attributes;
    return complete(schema, {
      ...Object.fromEntries(Object.entries(seen).map(([key, value]) => [key.replaceAll("-", "_"), value])),
      id: seen["external-id"],
      name: seen.name,
      owners_team_saml_role_id: seen["owners-team-saml-role-id"] ?? "",
      default_project_id: related(organization, "default-project"),
      enforce_hyok: seen["enforce-hyok"] ?? false,
      max_ttl_enabled: seen["max-ttl-enabled"] ?? false,
    });
  },
});
