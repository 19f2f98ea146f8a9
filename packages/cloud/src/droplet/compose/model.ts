import type { Healthcheck, Mount, PortMapping } from "../engine/model.ts";

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

/** One service in its one form, whichever of the short forms it was written in. Keys left out are the image's. */
export interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly ports: readonly PortMapping[];
  readonly networks: Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly dependsOn: Readonly<Record<string, { readonly condition: Condition; readonly required: boolean }>>;
  readonly healthcheck?: Partial<Healthcheck> | "none";
  readonly profiles: readonly string[];
  readonly containerName?: string;
  readonly hostname?: string;
  readonly restart?: string;
  readonly stopSignal?: string;
  readonly stopGraceSeconds?: number;
  readonly user?: string;
  readonly workingDir?: string;
  readonly pullPolicy?: string;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly replicas?: number;
}

export interface Project {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
  readonly services: Readonly<Record<string, Service>>;
  /** By the name in the file. */
  readonly networks: Readonly<
    Record<string, { readonly name: string; readonly external: boolean; readonly internal: boolean }>
  >;
  readonly volumes: Readonly<Record<string, { readonly name: string; readonly external: boolean }>>;
  readonly profiles: readonly string[];
}

/** Labels that compose writes, and by which it finds its containers again. */
export const label = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneOff: "com.docker.compose.oneoff",
  hash: "com.docker.compose.config-hash",
  image: "com.docker.compose.image",
  files: "com.docker.compose.project.config_files",
  directory: "com.docker.compose.project.working_dir",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
} as const;
