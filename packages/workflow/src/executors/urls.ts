import type { Project } from "../project.ts";

/** The page of a workspace in HCP Terraform. */
export const workspaceUrl = ({ settings, config }: Project, fullName: string): string =>
  `${settings.endpoint("TFE_ADDRESS")}/app/${config.hcp.organization}/workspaces/${fullName}`;

export const runUrl = (project: Project, fullName: string, run: string): string =>
  `${workspaceUrl(project, fullName)}/runs/${run}`;
