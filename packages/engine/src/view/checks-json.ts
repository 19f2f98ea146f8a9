import type { CheckedObject, CheckKind, CheckStatus } from "../plan/conditions.ts";
import { configAddress, moduleOf, resourceOf } from "../state/model.ts";

type Json = Record<string, unknown>;

/** Conditions and what became of them, as plan JSON has them under `checks`. */
export function checksJson(objects: readonly CheckedObject[]): Json[] {
  return grouped(objects).map(({ kind, config, status, all }) => ({
    address: { ...addressJson(kind, config), to_display: config },
    status,
    ...instances(
      all.map((one) => ({
        address: { ...instanceJson(kind, one.address), to_display: one.address },
        status: one.status,
        ...(one.messages.length > 0 ? { problems: one.messages.map((message) => ({ message })) } : {}),
      })),
    ),
  }));
}

const instances = (all: readonly Json[]): Json => (all.length > 0 ? { instances: all } : {});

/** The same as the state keeps them. */
export function checkResults(objects: readonly CheckedObject[]): Json[] | null {
  if (objects.length === 0) return null;
  return grouped(objects).map(({ kind, config, status, all }) => ({
    object_kind: kind === "output_value" ? "output" : kind,
    config_addr: config,
    status,
    objects:
      all.length === 0
        ? null
        : all.map((one) => ({
            object_addr: one.address,
            status: one.status,
            ...(one.messages.length > 0 ? { failure_messages: one.messages } : {}),
          })),
  }));
}

interface Group {
  readonly kind: CheckKind;
  readonly config: string;
  readonly status: CheckStatus;
  readonly all: readonly CheckedObject[];
}

const worst: readonly CheckStatus[] = ["error", "fail", "unknown", "pass"];

function grouped(objects: readonly CheckedObject[]): Group[] {
  const byConfig = Map.groupBy(objects, (one) => one.config);
  return [...byConfig]
    .map(([config, all]) => ({
      config,
      kind: all[0]?.kind ?? "resource",
      status: worst.find((status) => all.some((one) => one.status === status)) ?? "unknown",
      all: all.filter((one) => !one.unjudged),
    }))
    .sort((a, b) => (a.config < b.config ? -1 : 1));
}

/** What an address is about, part by part. */
function addressJson(kind: CheckKind, address: string): Json {
  const module = moduleOf(address);
  const rest = module === "" ? address : address.slice(module.length + 1);
  const parts = configAddress(rest).split(".");
  const within = module === "" ? {} : { module };
  if (kind !== "resource") return { kind, ...within, name: parts.at(-1) };
  const data = parts[0] === "data";
  return { kind, ...within, mode: data ? "data" : "managed", name: parts.at(-1), type: parts.at(-2) };
}

function instanceJson(kind: CheckKind, address: string): Json {
  const module = moduleOf(address);
  const resource = resourceOf(address);
  const key = kind === "resource" && resource !== address ? address.slice(resource.length + 1, -1) : undefined;
  return {
    ...(module === "" ? {} : { module }),
    ...(key === undefined ? {} : { instance_key: JSON.parse(key) as string | number }),
  };
}
