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
  const host = text(config, "hostname");
  const address = host
    ? `https://${host}`
    : (env["TFE_ADDRESS"] ?? (env["TFE_HOSTNAME"] && `https://${env["TFE_HOSTNAME"]}`));
  return {
    api: createTfe({ http, clock, emit, ...(signal ? { signal } : {}), token: new Secret(token), address }),
    organization: text(config, "organization") ?? env["TFE_ORGANIZATION"],
  };
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
