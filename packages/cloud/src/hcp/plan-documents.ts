/** `json-output` and `json-output-redacted` of a plan. */
import { readBlob, writeBlob } from "./blobs.ts";
import { isRecord } from "./jsonapi.ts";
import type { Hcp } from "./model.ts";
import { redactDocument } from "./redact.ts";

interface PlanDocuments {
  readonly plan: unknown;
  readonly redacted: unknown;
}

/** Keeps both forms; values of sensitive variables are in neither, sensitive attributes not in the second. */
export async function savePlanDocuments(
  hcp: Hcp,
  runId: string,
  planJson: unknown,
  schemasJson: unknown,
  secrets: readonly string[],
): Promise<void> {
  const plan = redactDocument(planJson, secrets);
  const documents: PlanDocuments = { plan, redacted: redactedPlan(plan, schemasJson) };
  await writeBlob(hcp, "plans", `${runId}.json`, JSON.stringify(documents));
}

export async function planDocument(hcp: Hcp, runId: string, form: keyof PlanDocuments): Promise<unknown> {
  const text = await readBlob(hcp, "plans", `${runId}.json`);
  return text && (JSON.parse(text.toString()) as PlanDocuments)[form];
}

/** `terraform show -json` and `terraform providers schema -json` in one, under other names. */
function redactedPlan(plan: unknown, schemas: unknown): unknown {
  const from = isRecord(plan) ? plan : {};
  const providers = isRecord(schemas) ? schemas : {};
  const list = (name: string): unknown[] => (Array.isArray(from[name]) ? from[name].map(withoutSensitive) : []);
  const outputs = isRecord(from["output_changes"]) ? from["output_changes"] : {};
  return {
    plan_format_version: from["format_version"] ?? "1.2",
    resource_changes: list("resource_changes"),
    resource_drift: list("resource_drift"),
    relevant_attributes: from["relevant_attributes"] ?? [],
    output_changes: Object.fromEntries(Object.entries(outputs).map(([name, change]) => [name, maskChange(change)])),
    provider_format_version: providers["format_version"] ?? "1.0",
    provider_schemas: providers["provider_schemas"] ?? {},
  };
}

const withoutSensitive = (resource: unknown): unknown =>
  isRecord(resource) ? { ...resource, change: maskChange(resource["change"]) } : resource;

function maskChange(change: unknown): unknown {
  if (!isRecord(change)) return change;
  return {
    ...change,
    before: mask(change["before"], change["before_sensitive"], change["after"], "before"),
    after: mask(change["after"], change["after_sensitive"], change["before"], "after"),
  };
}

/** Masks keep their type, so that clients can read them by the schema, and differ where the values did. */
function mask(value: unknown, sensitive: unknown, other: unknown, side: "before" | "after"): unknown {
  if (sensitive === true) return maskWhole(value, other, side);
  if (Array.isArray(value) && Array.isArray(sensitive)) {
    return value.map((item, at) => mask(item, sensitive[at], Array.isArray(other) ? other[at] : undefined, side));
  }
  if (isRecord(value) && isRecord(sensitive)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        mask(item, sensitive[key], isRecord(other) ? other[key] : undefined, side),
      ]),
    );
  }
  return value;
}

function maskWhole(value: unknown, other: unknown, side: "before" | "after"): unknown {
  const same = JSON.stringify(value) === JSON.stringify(other);
  if (typeof value === "string") return same ? "(sensitive value)" : `(sensitive value, ${side})`;
  if (typeof value === "number") return same || side === "before" ? 0 : 1;
  if (typeof value === "boolean") return !same && side === "after";
  if (Array.isArray(value))
    return value.map((item, at) => maskWhole(item, Array.isArray(other) ? other[at] : undefined, side));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        maskWhole(item, isRecord(other) ? other[key] : undefined, side),
      ]),
    );
  }
  return value;
}
