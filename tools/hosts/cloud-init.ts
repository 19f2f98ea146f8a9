import { projectSchema } from "../../packages/workflow/src/config/schema.ts";
import { cloudInit } from "../../packages/workflow/src/workspaces/cloud-init.ts";
import { Expression } from "../../packages/engine/src/index.ts";

/** The project whose droplets these are: all settings are the defaults. */
export const project = projectSchema.parse({
  name: "Such App",
  slug: "such-app",
  domain: "such.test",
  github: { owner: "doge", repository: "such-app" },
  hcp: { organization: "doge" },
});

/**
 * The document that Terraform hands to DigitalOcean, with the keys in the places of its expressions: the hosts boot
 * from what `doge apply` would send.
 */
export function userData(keys: {
  readonly deployKey: string;
  readonly hostPrivate: string;
  readonly hostPublic: string;
}): string {
  const names = Object.keys(keys) as (keyof typeof keys)[];
  const [deployKey, hostPrivate, hostPublic] = names.map((name) => new Expression<string>(`key.${name}`));
  if (!deployKey || !hostPrivate || !hostPublic) throw new Error("three keys");
  const template = cloudInit(project, { deployKey, hostPrivate, hostPublic });
  return template
    .replaceAll(/\$\{jsonencode\(key\.(\w+)\)\}/g, (_, name: string) => JSON.stringify(keys[name as keyof typeof keys]))
    .replaceAll(/([$%])\1\{/g, "$1{");
}

/** The packages that a droplet installs on its first boot: here they are in its root file system before. */
export function dropletPackages(): readonly string[] {
  const text = userData({ deployKey: "", hostPrivate: "", hostPublic: "" });
  return (JSON.parse(text.slice(text.indexOf("\n"))) as { readonly packages: readonly string[] }).packages;
}
