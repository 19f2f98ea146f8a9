/** The five Terraform workspaces, in the order in which they are made. */
export const workspaceNames = ["meta", "base", "dotenv", "stage", "prod"] as const;
export type WorkspaceName = (typeof workspaceNames)[number];

/** Where the app runs. */
export const environmentNames = ["stage", "prod"] as const;
export type EnvironmentName = (typeof environmentNames)[number];

export const isWorkspace = (name: string): name is WorkspaceName =>
  (workspaceNames as readonly string[]).includes(name);
export const isEnvironment = (name: string): name is EnvironmentName => name === "stage" || name === "prod";

/** `stage` is deployed from branch `stage`, `prod` from `main`. */
export const branchOf = { stage: "stage", prod: "main" } as const satisfies Record<EnvironmentName, string>;

export const environmentOfBranch = (branch: string): EnvironmentName | undefined =>
  environmentNames.find((name) => branchOf[name] === branch);

/** Host names of an environment; the first is the canonical one. */
export const hostsOf = (environment: EnvironmentName, domain: string): readonly [string, ...string[]] =>
  environment === "stage" ? [`staging.${domain}`] : [domain, `www.${domain}`];
