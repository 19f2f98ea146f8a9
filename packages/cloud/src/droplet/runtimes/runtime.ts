import type { CertificateAuthority, StartEdge } from "../../ports.ts";
import type { Disk } from "../engine/disk.ts";
import type { Images } from "../engine/images.ts";
import type { ContainerRecord } from "../engine/model.ts";
import type { PublishedPorts } from "../engine/ports.ts";
import type { Program } from "../engine/process.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What a runtime may use of the droplet around it. */
export interface Grounds {
  readonly disk: Disk;
  readonly images: Images;
  readonly ports: PublishedPorts;
  /** The docker socket and the command that talks to it. */
  readonly socket: string;
  readonly docker: string;
  /** Ports of the local cloud's vendors on 127.0.0.1. */
  readonly vendors: readonly number[];
  /** Folder of the PostgreSQL programs to use, where one was chosen. */
  readonly postgres: string | undefined;
  readonly publicAddress: string;
  readonly ca: CertificateAuthority;
  readonly startEdge: StartEdge;
  /** The container's own folder. */
  readonly folder: (container: ContainerRecord) => string;
  readonly hosts: (container: ContainerRecord) => string;
  /** Where a name and port of the container's networks really answer. */
  readonly dial: (from: ContainerRecord, name: string, port: number) => Place | undefined;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** As the container sees it. */
  readonly cwd: string;
  /** The container's first process, not an exec. */
  readonly main: boolean;
}

/** How one kind of image runs on this machine. */
export interface Runtime {
  /** Makes the container's files ready, before every start; what is there stays. */
  prepare(container: ContainerRecord): Promise<void>;
  /** What a command in the container comes down to. Throws DockerError 126 or 127 for what can't run. */
  program(container: ContainerRecord, command: Command): Promise<Program>;
  /** Where a port of the running container really listens. */
  locate(container: ContainerRecord, port: number): Place;
}
