import { type Dirent, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cgroup } from "./places.ts";
import { run, until } from "./shell.ts";

const root = "/sys/fs/cgroup";

/** The hierarchies of this machine: `cpu`, `memory`, …, `unified`. */
const hierarchies = (): readonly string[] =>
  readdirSync(root).filter((name) => existsSync(join(root, name, "cgroup.procs")));

/** Makes a group for `name` in every hierarchy; empty ones of before are used again. */
export function makeGroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    const top = join(root, hierarchy);
    mkdirSync(join(top, cgroup, name), { recursive: true });
    if (hierarchy !== "cpuset") continue;
    // A new cpuset is empty, and takes no process until it has been told its processors and memory.
    for (const group of [join(top, cgroup), join(top, cgroup, name)]) {
      for (const file of ["cpuset.cpus", "cpuset.mems"])
        writeFileSync(join(group, file), readFileSync(join(top, file)));
    }
  }
}

/** Shell that moves itself into the group, for the start of a process. */
export const enterGroup = (name: string): string =>
  hierarchies()
    .map((hierarchy) => `echo $$ > ${join(root, hierarchy, cgroup, name, "cgroup.procs")}`)
    .join("\n");

/**
 * What lets the processes of a group run before all others, for half of each second, where groups need leave for it. Groups
 * that were removed a moment ago hold their half still: there is not as much for all.
 */
export async function goFirst(name: string): Promise<void> {
  for (const group of [cgroup, join(cgroup, name)]) {
    const file = join(root, "cpu", group, "cpu.rt_runtime_us");
    if (!existsSync(file)) continue;
    await until(`half of the time for ${group}`, 20, () => {
      try {
        writeFileSync(file, "500000");
        return true;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== "EINVAL") throw thrown;
        return false;
      }
    });
  }
}

function groupsBelow(folder: string): readonly string[] {
  let below: Dirent[];
  try {
    below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    return []; // there is none, or no more
  }
  return [...below.flatMap((entry) => groupsBelow(join(folder, entry.name))), folder];
}

/** Ends every process of a group (all groups without a name) and removes it. */
export async function endGroup(name = ""): Promise<void> {
  const folders = (): readonly string[] =>
    hierarchies().flatMap((hierarchy) => groupsBelow(join(root, hierarchy, cgroup, name)));
  await until(`the end of ${cgroup}/${name}`, 20, () => {
    for (const folder of folders()) {
      for (const pid of processesOf(folder)) if (pid !== 0) kill(pid);
      try {
        rmdirSync(folder);
      } catch {
        // Its last process is still on its way out.
      }
    }
    return folders().length === 0;
  });
}

/** Groups of containers come and go while one looks. */
function processesOf(folder: string): readonly number[] {
  try {
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone since it was listed.
  }
}

/** Pids of a group in one hierarchy that every process is in. */
export function pidsOf(name: string): readonly number[] {
  return groupsBelow(join(root, "systemd", cgroup, name)).flatMap(processesOf);
}

/** Droplets boot systemd on the older kind of cgroups, with a hierarchy for each controller. */
export function checkCgroups(): void {
  if (existsSync(join(root, "systemd"))) return;
  const kind = run(["stat", "--file-system", "--format", "%T", root]).trim();
  throw new Error(`The hosts need cgroups of version 1 (or the hybrid) in ${root}; this machine has ${kind}.`);
}
