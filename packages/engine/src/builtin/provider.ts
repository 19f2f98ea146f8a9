import { defineProvider, type Provider } from "../provider.ts";
import { terraformVersion } from "../state/model.ts";
import { remoteState } from "./remote-state.ts";
import { terraformData } from "./terraform-data.ts";

/** What Terraform brings along itself. */
const builtin: Provider = defineProvider({
  name: "terraform",
  source: "terraform.io/builtin/terraform",
  version: terraformVersion,
  schema: { attributes: {} },
  resources: [terraformData],
  dataSources: [remoteState],
  configure: () => undefined,
});

export const withBuiltin = (providers: readonly Provider[]): readonly Provider[] =>
  providers.some((one) => one.source === builtin.source) ? providers : [...providers, builtin];
