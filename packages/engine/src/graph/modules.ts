import type { ModuleCall, ModuleConfiguration } from "../config/model.ts";

/** A module in its place in the tree: once per call, however many instances the call has. */
export interface PreparedModule {
  /** `""` for the root, else `module.web.module.network`: no instance keys. */
  readonly path: string;
  readonly configuration: ModuleConfiguration;
  readonly parent?: PreparedModule;
  readonly call?: ModuleCall;
}

/** A name within a module as it is called from the root: `module.web.local.size`. */
export const inModule = (module: string, name: string): string => (module === "" ? name : `${module}.${name}`);

/** All modules by path, callers before those they call. */
export function modulesOf(configuration: ModuleConfiguration): Map<string, PreparedModule> {
  const modules = new Map<string, PreparedModule>();
  const add = (module: PreparedModule): void => {
    modules.set(module.path, module);
    for (const [name, child] of module.configuration.children) {
      const call = module.configuration.calls.get(name);
      const path = inModule(module.path, `module.${name}`);
      if (call) add({ path, configuration: child, parent: module, call });
    }
  };
  add({ path: "", configuration });
  return modules;
}

/** The module's own folder, as `path.module` has it. */
export const folderOf = (module: PreparedModule): string =>
  module.configuration.folder === "" ? "." : module.configuration.folder;

/** The key of the node behind all of a module's nodes: what `depends_on = [module.web]` waits for. */
export const closeKey = (path: string): string => `${path} (close)`;
