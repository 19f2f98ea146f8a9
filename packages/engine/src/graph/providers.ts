import { type Diagnostic, error, nearest } from "@doge/core";
import { type Body, compileBody } from "../config/body.ts";
import { placed } from "../config/locate.ts";
import type { Provider } from "../provider.ts";
import { inModule, type PreparedModule } from "./modules.ts";

export interface PreparedProvider {
  /** `github`, `github.other`, `module.web.github` */
  readonly key: string;
  readonly provider: Provider;
  /** As the state spells it. */
  readonly address: string;
  /** Whose values its settings refer to. */
  readonly module: string;
  /** Undefined where the configuration has no block for it. */
  readonly body?: Body;
}

const withoutHost = (source: string): string => source.replace(/^registry\.(terraform\.io|opentofu\.org)\//, "");

const isBuiltin = (source: string): boolean => source.startsWith("terraform.io/builtin/");

export const providerAddress = (provider: Provider, alias: string | undefined, module = ""): string =>
  inModule(
    module,
    `provider["${isBuiltin(provider.source) ? "" : "registry.terraform.io/"}${provider.source}"]${alias === undefined ? "" : `.${alias}`}`,
  );

/** Finds who serves a resource: the module's own blocks, what the caller passed, or the root's default. */
export class ProviderResolver {
  readonly prepared = new Map<string, PreparedProvider>();
  readonly #providers: readonly Provider[];

  constructor(modules: Iterable<PreparedModule>, providers: readonly Provider[], diagnostics: Diagnostic[]) {
    this.#providers = providers;
    for (const module of modules) {
      for (const block of module.configuration.providers.values()) {
        const provider = this.#find(module, block.name);
        if (provider === undefined) {
          diagnostics.push(placed(noProvider(block.name, providers), block.place));
          continue;
        }
        const key = inModule(module.path, block.key);
        const address = providerAddress(provider, block.alias, module.path);
        const body = compileBody(block.body, provider.schema, diagnostics);
        this.prepared.set(key, { key, provider, address, module: module.path, body });
      }
    }
  }

  /** `key`: `github`, `github.other`, within the module. */
  resolve(module: PreparedModule, key: string): PreparedProvider | Diagnostic {
    const own = this.prepared.get(inModule(module.path, key));
    if (own) return own;
    const { parent, call } = module;
    if (parent === undefined || call === undefined) return this.#implied(module, key);
    const passed = call.providers.get(key);
    if (passed !== undefined) return this.resolve(parent, passed);
    if (key.includes(".")) return notPassed(module.path, key);
    return this.resolve(parent, this.#nameAbove(module, parent, key));
  }

  /** The parent may call the same provider by another name. */
  #nameAbove(module: PreparedModule, parent: PreparedModule, name: string): string {
    const source = module.configuration.requiredProviders.get(name)?.source;
    if (source === undefined) return name;
    for (const [other, requirement] of parent.configuration.requiredProviders)
      if (requirement.source?.toLowerCase() === source.toLowerCase()) return other;
    return this.#find(module, name)?.name ?? name;
  }

  /** A provider without a block of its own. */
  #implied(module: PreparedModule, key: string): PreparedProvider | Diagnostic {
    if (key.includes(".")) return noAlias(key);
    const provider = this.#find(module, key);
    if (provider === undefined) return noProvider(key, this.#providers);
    const found = { key, provider, address: providerAddress(provider, undefined), module: "" };
    this.prepared.set(key, found);
    return found;
  }

  #find(module: PreparedModule, name: string): Provider | undefined {
    const source = module.configuration.requiredProviders.get(name)?.source;
    return this.#providers.find((one) =>
      source === undefined ? one.name === name : one.source === withoutHost(source).toLowerCase(),
    );
  }

  /** The provider of objects in the state, where the configuration doesn't set it up. */
  addFromState(address: string, diagnostics: Diagnostic[]): void {
    if ([...this.prepared.values()].some((one) => one.address === address)) return;
    const [, module, source = "", alias] = /^(?:(.+)\.)?provider\["([^"]+)"\](?:\.(.+))?$/.exec(address) ?? [];
    const provider = this.#providers.find((one) => one.source === withoutHost(source));
    if (provider === undefined || alias !== undefined || module !== undefined) {
      diagnostics.push(
        error({
          code: "provider-not-present",
          summary: "Provider configuration not present",
          detail: `The state has objects of ${address}, which the configuration doesn't set up.`,
          remedy: "Put the provider's block back until its objects are destroyed.",
        }),
      );
      return;
    }
    const key = this.prepared.has(provider.name) ? `${provider.name} (state)` : provider.name;
    this.prepared.set(key, { key, provider, address, module: "" });
  }
}

function noProvider(name: string, providers: readonly Provider[]): Diagnostic {
  const known = providers.map((one) => one.name);
  const close = nearest(name, known);
  return error({
    code: "provider-unknown",
    summary: "Provider not available",
    detail: `Doge's own engine has no provider "${name}"; it has ${known.join(", ") || "none"}.`,
    remedy:
      close === undefined
        ? "Use the terraform or the hcp executor for this configuration."
        : `Did you mean "${close}"?`,
  });
}

const noAlias = (key: string): Diagnostic =>
  error({
    code: "provider-not-present",
    summary: "Provider configuration not present",
    detail: `There is no provider block with the alias of "${key}".`,
  });

const notPassed = (module: string, key: string): Diagnostic =>
  error({
    code: "provider-not-present",
    summary: "Provider configuration not present",
    detail: `${module} uses ${key}, which it neither declares nor is given.`,
    remedy: `Pass it in the module block: providers = { ${key} = … }`,
  });
