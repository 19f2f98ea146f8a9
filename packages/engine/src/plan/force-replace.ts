import { type Diagnostic, error, warning } from "@doge/core";
import { moduleOf, resourceOf } from "../state/model.ts";
import type { PlanSession } from "./session.ts";

/** Addresses of `-replace` that name no managed resource, before anything is planned. */
export const checkReplaced = (addresses: readonly string[]): readonly Diagnostic[] =>
  addresses.flatMap((address) => {
    const module = moduleOf(address);
    const parts = resourceOf(module === "" ? address : address.slice(module.length + 1)).split(".");
    const detail =
      parts[0] === "data"
        ? "Only managed resources can be replaced."
        : parts.length === 2 && parts.every(Boolean)
          ? undefined
          : "A resource has a type and a name.";
    if (detail === undefined) return [];
    return [
      error({
        code: "replace-invalid",
        summary: "Invalid force-replace address",
        detail,
        address,
        remedy: 'For example --replace digitalocean_droplet.web, or --replace "digitalocean_droplet.web[0]".',
      }),
    ];
  });

/** Warnings for those that no object of the plan has. Terraform says so only where there are others of the resource. */
export function warnOfUnreplaced(session: PlanSession): readonly Diagnostic[] {
  const known = new Set([
    ...[...session.working.instances()].map(({ address }) => address),
    ...session.changes.map(({ address }) => address),
  ]);
  return [...session.replace]
    .filter((address) => !known.has(address))
    .map((address) => {
      const others = [...known].filter((one) => one !== resourceOf(one) && resourceOf(one) === resourceOf(address));
      const keyless = others.length > 0 && address === resourceOf(address);
      return warning({
        code: "replace-unknown",
        summary: keyless
          ? "Incompletely-matched force-replace resource instance"
          : "Nothing to replace at this address",
        detail: keyless
          ? `${address} matches no instance, because it lacks an instance key.`
          : `There is no ${address} in the configuration or the state.`,
        ...(others.length > 0 ? { remedy: `Name one of ${others.sort().join(", ")}.` } : {}),
      });
    });
}
