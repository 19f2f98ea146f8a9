/** DigitalOcean: droplets, DNS, projects, keys and Spaces. */
import { defineProvider } from "@doge/engine";
import { type DigitalOcean, configure, providerSchema } from "./configure.ts";
import { domain, domainData } from "./domain.ts";
import { droplet } from "./droplet.ts";
import { firewall } from "./firewall.ts";
import { project } from "./project.ts";
import { projectResources } from "./project-resources.ts";
import { record } from "./record.ts";
import { spacesBucket } from "./spaces-bucket.ts";
import { projectData } from "./project-data.ts";
import { sshKey } from "./ssh-key.ts";
import { sshKeyData } from "./ssh-key-data.ts";
import { sizesData } from "./sizes-data.ts";
import { tag } from "./tag.ts";

export {
  domain,
  domainData,
  droplet,
  firewall,
  project,
  projectData,
  projectResources,
  record,
  spacesBucket,
  sshKey,
  sshKeyData,
  sizesData,
  tag,
};
export { createDigitalOcean, type DigitalOceanApi } from "./client.ts";
export { spacesFiles } from "./state-files.ts";
export { createSpaces, spacesEndpoint, type Spaces, type SpacesOptions } from "./client/spaces.ts";
export type { Account, Region, Size, SshKey } from "./client/account.ts";
export type { DigitalOceanOptions } from "./client/api.ts";
export type { Domain, DomainRecord } from "./client/domains.ts";
export type { Droplet } from "./client/droplets.ts";
export type { Project } from "./client/projects.ts";
export type { DigitalOcean };

export const digitalocean = defineProvider<DigitalOcean>({
  name: "digitalocean",
  source: "digitalocean/digitalocean",
  version: "2.99.0",
  schema: providerSchema,
  resources: [droplet, sshKey, domain, record, project, projectResources, spacesBucket, tag, firewall],
  dataSources: [domainData, projectData, sizesData, sshKeyData],
  configure,
});
