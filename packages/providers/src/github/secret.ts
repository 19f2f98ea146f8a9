import { type Diagnostic, error } from "@doge/core";
import type { Attributes, ResourceType, Work } from "@doge/engine";
import { required, text } from "../shared/attributes.ts";
import { computedNumber, computedString, identity } from "../shared/schema.ts";
import { until } from "../shared/wait.ts";
import type { Holder, Stamp } from "./client/secrets.ts";
import { type GitHub, goTime } from "./configure.ts";
import { seal } from "./sealed-box.ts";

/** The four ways to give a value: exactly one is used. */
const sources = ["value", "value_encrypted", "encrypted_value", "plaintext_value"] as const;

const hidden = { type: "string", optional: true, sensitive: true } as const;
const stamp = { ...computedString, recomputedBy: sources } as const;

/** What secrets of repositories and of environments have in common. */
export const secretAttributes = {
  id: computedString,
  repository: identity,
  repository_id: computedNumber,
  secret_name: identity,
  key_id: { type: "string", optional: true, computed: true, recomputedBy: sources },
  value: hidden,
  value_encrypted: hidden,
  encrypted_value: hidden,
  plaintext_value: hidden,
  created_at: stamp,
  updated_at: stamp,
  remote_updated_at: stamp,
} as const;

export type SecretParts = Pick<Required<ResourceType<GitHub>>, "read" | "find" | "reconcile" | "remove" | "validate">;

/**
 * The behaviour of both kinds of secret. GitHub tells when a secret was written, never what: a time that
 * is not ours means that somebody else wrote it, and the value counts as unknown, which plans an update.
 */
export function secretParts(options: {
  readonly holder: (github: GitHub, attributes: Attributes) => Holder;
  readonly id: (attributes: Attributes) => string;
  readonly complete: (known: Attributes) => Attributes;
}): SecretParts {
  const { holder, id, complete } = options;

  const stamps = (seen: Stamp): Attributes => ({
    created_at: goTime(seen.created_at),
    updated_at: goTime(seen.updated_at),
    remote_updated_at: goTime(seen.updated_at),
  });

  const written = async (github: GitHub, config: Attributes, seen: Stamp, keyId: string): Promise<Attributes> =>
    complete({
      ...config,
      id: id(config),
      repository_id: (await github.repository(required(config, "repository"))).id,
      key_id: keyId,
      ...stamps(seen),
    });

  return {
    validate(config): Diagnostic[] {
      const given = sources.filter((name) => config[name] !== null && config[name] !== undefined);
      if (given.length === 1) return [];
      return [
        error({
          code: "github-secret-value",
          summary: "A secret needs exactly one value",
          detail: given.length === 0 ? "None is given." : `${given.join(" and ")} are given.`,
          remedy: "Set `value`, or `value_encrypted` together with `key_id`.",
          address: "value",
        }),
      ];
    },

    async read(github, prior) {
      const seen = await github.api.secrets.get(holder(github, prior), required(prior, "secret_name"));
      if (!seen) return undefined;
      const now = goTime(seen.updated_at);
      const ours = text(prior, "updated_at") ?? now;
      const untouched = now === ours;
      return complete({
        ...prior,
        ...(untouched ? {} : Object.fromEntries(sources.map((name) => [name, null]))),
        id: id(prior),
        created_at: text(prior, "created_at") ?? goTime(seen.created_at),
        updated_at: ours,
        remote_updated_at: now,
      });
    },

    // The value can't be compared, but writing it again is harmless: a find would only save that request.
    find: async () => undefined,

    async reconcile(github, { config, prior, created }, work) {
      const at = holder(github, config);
      const name = required(config, "secret_name");
      const sealed = text(config, "value_encrypted") ?? text(config, "encrypted_value");
      let keyId = text(config, "key_id");
      if (sealed !== undefined && keyId !== undefined) await github.api.secrets.put(at, name, sealed, keyId);
      else {
        const key = await github.api.secrets.publicKey(at);
        const value = sealed ?? (await seal(text(config, "value") ?? text(config, "plaintext_value") ?? "", key.key));
        keyId = key.key_id;
        await github.api.secrets.put(at, name, value, keyId);
      }
      const state = await written(github, config, await stampOf(github, at, name, prior, work), keyId);
      await created(state);
      return state;
    },

    remove: (github, prior) => github.api.secrets.delete(holder(github, prior), required(prior, "secret_name")),
  };
}

/**
 * A secret just written may take a moment to be seen, and so may its new time. Two writes within one second have the
 * same time: who waits for another one waits in vain.
 */
function stampOf(github: GitHub, at: Holder, name: string, prior: Attributes | undefined, work: Work): Promise<Stamp> {
  const before = text(prior ?? {}, "remote_updated_at");
  const patience = work.clock.now().getTime() + 3_000;
  return until(work, {
    title: `GitHub shows the secret ${name}`,
    code: "github-secret-wait",
    minutes: 1,
    probe: () => github.api.secrets.get(at, name),
    done: (seen) => {
      const old = seen && goTime(seen.updated_at) === before && work.clock.now().getTime() < patience;
      return old ? undefined : seen;
    },
  });
}
