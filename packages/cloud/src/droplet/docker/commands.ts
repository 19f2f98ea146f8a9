import { DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import { composeCommand } from "../compose/commands.ts";
import * as containers from "./containers.ts";
import type { Session } from "./daemon.ts";
import * as images from "./images.ts";
import * as resources from "./resources.ts";
import { execCommand, runContainer } from "./run.ts";

export type Command = (engine: Engine, session: Session, args: readonly string[]) => Promise<number>;

const group = (name: string, commands: Readonly<Record<string, Command>>): Command => {
  return async (engine, session, [word = "", ...args]) => {
    const command = commands[word];
    if (!command) throw new DockerError(`the local droplet's docker doesn't know "docker ${name} ${word}"`, 1);
    return command(engine, session, args);
  };
};

const containerCommands: Readonly<Record<string, Command>> = {
  run: runContainer("run"),
  create: runContainer("create"),
  exec: execCommand,
  ps: containers.ps,
  logs: containers.logs,
  start: containers.start,
  stop: containers.stop,
  restart: containers.restart,
  kill: containers.kill,
  update: containers.update,
  rm: containers.remove,
  wait: containers.wait,
  port: containers.port,
};

const commands: Readonly<Record<string, Command>> = {
  ...containerCommands,
  inspect: containers.inspect("any"),
  container: group("container", {
    ...containerCommands,
    ls: containers.ps,
    list: containers.ps,
    inspect: containers.inspect("container"),
    prune: containers.prune,
  }),
  version: resources.version,
  info: resources.info,
  login: images.login,
  logout: images.logout,
  pull: images.pull,
  load: images.load,
  images: images.list,
  rmi: images.remove,
  tag: images.tag,
  image: group("image", {
    ls: images.list,
    list: images.list,
    inspect: containers.inspect("image"),
    rm: images.remove,
    prune: images.prune,
    pull: images.pull,
    load: images.load,
    tag: images.tag,
  }),
  network: group("network", resources.network),
  volume: group("volume", resources.volume),
  system: group("system", { df: resources.diskUsage, prune: resources.prune, info: resources.info }),
  compose: composeCommand,
};

/** Carries out one `docker …`; the result is its exit code. Throws DockerError for what goes wrong. */
export async function runCommand(engine: Engine, session: Session): Promise<number> {
  const [word = "", ...args] = session.argv;
  if (word === "--version" || word === "-v") {
    session.out(`Docker version ${resources.dockerVersion}, the local droplet's\n`);
    return 0;
  }
  const command = commands[word];
  if (command) return command(engine, session, args);
  throw new DockerError(
    `docker: '${word}' is not a docker command.\nthe local droplet's docker doesn't know it; it knows ${Object.keys(commands).sort().join(", ")}`,
    word.startsWith("-") ? 125 : 1,
  );
}
