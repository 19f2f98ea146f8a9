import { fail, Secret, unwrap } from "@doge/core";
import { parseState, type ProviderContext, type RemoteState, type State } from "@doge/engine";
import { createTfe } from "@doge/providers/tfe";

/** Whom to ask where the configuration names neither token nor host. */
export interface RemoteStateAccess {
  readonly token: Secret | undefined;
  readonly address: string | undefined;
}

/** Reads what `terraform_remote_state` names, as the backends `remote` and `cloud` do: a workspace's latest state. */
export const remoteStates =
  ({ http, clock, emit, signal }: ProviderContext, access: RemoteStateAccess) =>
  async (wanted: RemoteState): Promise<State | undefined> => {
    if (wanted.backend !== "remote" && wanted.backend !== "cloud") return unsupported(wanted.backend);
    const { organization, workspace, token } = named(wanted);
    const secret = token ?? access.token;
    if (secret === undefined) return withoutToken();
    const { address } = access;
    const tfe = createTfe({ http, clock, emit, ...(signal ? { signal } : {}), token: secret, address });
    const found = await tfe.workspaces.byName(organization, workspace);
    const current = found && (await tfe.stateVersions.current(found.id));
    return current && unwrap(parseState(await tfe.stateVersions.download(current)));
  };

interface Named {
  readonly organization: string;
  readonly workspace: string;
  readonly token?: Secret;
}

function named({ config, workspace }: RemoteState): Named {
  const { organization, workspaces, token } = config as {
    organization?: unknown;
    workspaces?: { name?: unknown; prefix?: unknown };
    token?: unknown;
  };
  const { name, prefix } = workspaces ?? {};
  const full = typeof name === "string" ? name : typeof prefix === "string" ? `${prefix}${workspace}` : undefined;
  if (typeof organization !== "string" || full === undefined) {
    return fail({
      code: "remote-state-invalid",
      summary: "The remote state is not named",
      detail: "config needs organization and workspaces, with a name or a prefix.",
    });
  }
  return { organization, workspace: full, ...(typeof token === "string" ? { token: new Secret(token) } : {}) };
}

const unsupported = (backend: string): never =>
  fail({
    code: "remote-state-unsupported",
    summary: "Remote states of this backend can't be read",
    detail: `The backend is "${backend}"; Doge reads "remote".`,
    remedy: 'Use backend = "remote" with the organization and the workspace.',
  });

const withoutToken = (): never =>
  fail({
    code: "remote-state-token-missing",
    summary: "There is no token to read the remote state with",
    detail: "Neither the data source's config nor the run's environment has one.",
    remedy: "Set TF_API_TOKEN, or token in the data source's config.",
  });
