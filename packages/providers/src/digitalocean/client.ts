import { type Accounts, type Catalogue, type SshKeys, accounts, catalogue, sshKeys } from "./client/account.ts";
import { type DigitalOceanOptions, digitalOceanApi } from "./client/api.ts";
import { type Domains, type Records, domains, records } from "./client/domains.ts";
import { type Droplets, type Tags, droplets, tags } from "./client/droplets.ts";
import { type Firewalls, firewalls } from "./client/firewalls.ts";
import { type Projects, projects } from "./client/projects.ts";

/** DigitalOcean's API, noun by noun. "Not there" is undefined; everything else that fails is an ApiError. */
export interface DigitalOceanApi {
  readonly account: Accounts;
  readonly sshKeys: SshKeys;
  readonly catalogue: Catalogue;
  readonly domains: Domains;
  readonly records: Records;
  readonly droplets: Droplets;
  readonly tags: Tags;
  readonly firewalls: Firewalls;
  readonly projects: Projects;
}

export function createDigitalOcean(options: DigitalOceanOptions): DigitalOceanApi {
  const api = digitalOceanApi(options);
  return {
    account: accounts(api),
    sshKeys: sshKeys(api),
    catalogue: catalogue(api),
    domains: domains(api),
    records: records(api),
    droplets: droplets(api),
    tags: tags(api),
    firewalls: firewalls(api),
    projects: projects(api),
  };
}
