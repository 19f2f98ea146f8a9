import { type TfeOptions, jsonApi } from "./client/jsonapi.ts";
import {
  type ConfigurationVersions,
  type Phases,
  type Plans,
  type Runs,
  configurationVersions,
  phases,
  plans,
  runs,
} from "./client/runs.ts";
import { type StateVersions, stateVersions } from "./client/state-versions.ts";
import { type VariableSets, type Variables, variableSets, variables } from "./client/variables.ts";
import { type Organizations, type Workspaces, organizations, workspaces } from "./client/workspaces.ts";

/** HCP Terraform's API, noun by noun. "Not there" is undefined; everything else that fails is an ApiError. */
export interface TfeApi {
  /** `https://app.terraform.io`: pages for people are below it. */
  readonly address: string;
  readonly organizations: Organizations;
  readonly workspaces: Workspaces;
  readonly variables: Variables;
  readonly variableSets: VariableSets;
  readonly stateVersions: StateVersions;
  readonly configurationVersions: ConfigurationVersions;
  readonly runs: Runs;
  readonly plans: Plans;
  readonly applies: Phases;
}

export function createTfe(options: TfeOptions): TfeApi {
  const api = jsonApi(options);
  return {
    address: api.address,
    organizations: organizations(api),
    workspaces: workspaces(api),
    variables: variables(api),
    variableSets: variableSets(api),
    stateVersions: stateVersions(api),
    configurationVersions: configurationVersions(api),
    runs: runs(api),
    plans: plans(api, options.clock, options.signal),
    applies: phases(api, options.clock, "applies", options.signal),
  };
}
