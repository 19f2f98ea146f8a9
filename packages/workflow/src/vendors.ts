import { DogeError, type Secret } from "@doge/core";
import { createDigitalOcean, createSpaces } from "@doge/providers/digitalocean";
import { createGitHub } from "@doge/providers/github";
import { createTfe } from "@doge/providers/tfe";
import type { Project } from "./project.ts";
import type { TokenName } from "./settings.ts";

/** The vendors' clients of a project. Throws what is missing as diagnostics. */
export const vendors = (project: Pick<Project, "settings" | "machine" | "emit" | "signal">) => {
  const { settings, machine, emit, signal } = project;
  const token = (name: TokenName): Secret => {
    const found = settings.token(name);
    if (!found) throw new DogeError(settings.missing([name]));
    return found;
  };
  const common = { http: machine.http, clock: machine.clock, emit, signal };
  return {
    digitalocean: () =>
      createDigitalOcean({
        ...common,
        token: token("DIGITALOCEAN_TOKEN"),
        apiUrl: settings.endpoint("DIGITALOCEAN_API_URL"),
      }),
    github: () =>
      createGitHub({
        ...common,
        token: token("GITHUB_TOKEN"),
        apiUrl: settings.endpoint("GITHUB_API_URL"),
        graphqlUrl: settings.endpoint("GITHUB_GRAPHQL_URL"),
      }),
    tfe: () => createTfe({ ...common, token: token("TF_API_TOKEN"), address: settings.endpoint("TFE_ADDRESS") }),
    spaces: (region: string) =>
      createSpaces({
        ...common,
        accessKeyId: token("SPACES_ACCESS_KEY_ID"),
        secretAccessKey: token("SPACES_SECRET_ACCESS_KEY"),
        endpoint: settings.endpoint("SPACES_ENDPOINT_URL"),
        region,
      }),
  };
};
