import { Secret, fail } from "@doge/core";
import type { Attributes, ProviderContext } from "@doge/engine";
import { text } from "../shared/attributes.ts";
import { optionalString } from "../shared/schema.ts";
import { type TfeApi, createTfe } from "./client.ts";

export interface Tfe {
  readonly api: TfeApi;
  /** For resources that name none. */
  readonly organization: string | undefined;
}

export const providerSchema = {
  attributes: {
    hostname: { ...optionalString, description: "TFE_ADDRESS or TFE_HOSTNAME where left out." },
    token: { type: "string", optional: true, sensitive: true, description: "TFE_TOKEN where left out." },
    organization: { ...optionalString, description: "TFE_ORGANIZATION where left out." },
    ssl_skip_verify: { type: "bool", optional: true },
  },
} as const;

export function configure(config: Attributes, { env, http, clock, emit, signal }: ProviderContext): Tfe {
  const token = text(config, "token") ?? env["TFE_TOKEN"];
  if (!token)
    fail({
      code: "tfe-token-missing",
      summary: "There is no HCP Terraform token",
      detail: "Neither the provider's `token` nor TFE_TOKEN is set.",
      remedy: "Make one (User settings → Tokens) and set TFE_TOKEN.",
    });
  const given = { http, clock, emit, ...(signal ? { signal } : {}), token: new Secret(token) };
  return {
    api: createTfe({ ...given, address: addressOf(text(config, "hostname") ?? env["TFE_HOSTNAME"], env) }),
    organization: text(config, "organization") ?? env["TFE_ORGANIZATION"],
  };
}

/** TFE_ADDRESS says where HCP Terraform is, under its own name too; any other host name stands for itself. */
function addressOf(host: string | undefined, env: ProviderContext["env"]): string | undefined {
  const address = env["TFE_ADDRESS"];
  if (host === undefined) return address;
  const meant = host === "app.terraform.io" || (address !== undefined && new URL(address).host === host);
  return meant && address ? address : `https://${host}`;
}

/** The organization of a resource: its own, or the provider's. */
export function organizationOf(client: Tfe, config: Attributes, attribute = "organization"): string {
  return (
    text(config, attribute) ??
    client.organization ??
    fail({
      code: "tfe-organization-missing",
      summary: "No organization is named",
      detail: `Neither \`${attribute}\`, nor the provider's \`organization\`, nor TFE_ORGANIZATION is set.`,
      remedy: "Set TFE_ORGANIZATION to the organization's name.",
    })
  );
}
