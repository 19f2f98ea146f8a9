import { actionsGaps, createActions, type RunningActions } from "./actions/index.ts";
import { createCertificateAuthority } from "./ca/index.ts";
import type { Composition, CompositionInput } from "./cloud.ts";
import { operationsOf } from "./control/docs.ts";
import { createDigitalOcean } from "./digitalocean/index.ts";
import { createDns } from "./dns/index.ts";
import { createDroplets } from "./droplet/index.ts";
import { startEdge } from "./edge/edge.ts";
import { createGitHub } from "./github/index.ts";
import { createHcp } from "./hcp/index.ts";
import { createMail } from "./mail/index.ts";
import { createNetwork } from "./network/index.ts";
import type { Actions, Service } from "./ports.ts";
import { createRegistry } from "./registry/index.ts";
import { createSpaces } from "./spaces/index.ts";

/** Every stand-in, wired: the only place where they meet. */
export async function composeServices(input: CompositionInput): Promise<Composition> {
  const { context, credentials, terraform, host, addresses } = input;
  const network = createNetwork();
  const dns = createDns(context, host);
  const resolve = (name: string): readonly string[] => dns.zones.resolve(name);
  const ca = await createCertificateAuthority(context, { resolve });
  const owner = addresses["GITHUB_OWNER"] ?? "doge";

  const spaces = createSpaces(context, { credentials: credentials.spaces });
  const droplets = createDroplets(context, {
    network,
    ca,
    startEdge,
    resolve,
    registries: registriesOf(context.url("registry")),
  });
  const digitalocean = createDigitalOcean(context, {
    machines: droplets.machines,
    zones: dns.zones,
    tokens: [
      { token: credentials.digitalocean, scope: "write" },
      { token: credentials.digitaloceanReadOnly, scope: "read" },
    ],
    exists: async (urn) => {
      const held = await spaces.inventory();
      return !urn.startsWith("do:space:") || held.some(({ id }) => urn === `do:space:${id}`);
    },
  });

  // GitHub and Actions know each other: the events of the one are the runs of the other.
  let actions: Actions | undefined;
  const github = createGitHub(context, {
    owner,
    tokens: [{ token: credentials.github, login: owner, scopes: githubScopes }],
    actions: () => {
      if (!actions) throw new Error("Actions is asked before it is made: a bug in Doge");
      return actions;
    },
    packages: () => registry.packages,
  });
  const runners = createActions(context, { github: github.forActions, runnerEnv: addresses });
  actions = runners.actions;

  const registry = createRegistry(context, { identify: (user, token) => github.identify(user, token) });
  const hcp = createHcp(context, {
    terraform,
    token: credentials.hcp,
    organization: addresses["TFE_ORGANIZATION"] ?? "doge",
  });
  return {
    services: [
      dns.service,
      createMail(context, host),
      spaces,
      registry,
      droplets.service,
      digitalocean,
      hcp,
      withActions(github.service, runners),
    ],
    zones: dns.zones,
    network,
    rootPem: ca.rootPem,
  };
}

/** One stand-in serves ghcr.io, docker.io and itself, whichever an image is named after. */
function registriesOf(url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(["ghcr.io", "docker.io", new URL(url).host].map((host) => [host, url]));
}

/** Actions has no port of its own: it starts and stops with GitHub, as its last and first. */
const withActions = (github: Service, runners: RunningActions): Service => ({
  ...github,
  gaps: [...github.gaps, ...actionsGaps],
  operations: [
    ...operationsOf(github.app),
    ...operationsOf(runners.actions.routes).map(({ method, path }) => ({ method, path: `/api/v3${path}` })),
  ],
  async start() {
    await github.start?.();
    await runners.recover();
  },
  async stop() {
    await runners.stop();
    await github.stop?.();
  },
});

/** Of the owner's classic token: what `doge doctor` asks for, and what removing everything needs. */
const githubScopes = ["repo", "workflow", "write:packages", "delete:packages", "delete_repo", "read:org"];
