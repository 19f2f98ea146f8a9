import { fail } from "@doge/core";
import { type Attributes, type Work, defineResource } from "@doge/engine";
import { flag, required, sorted, strings } from "../shared/attributes.ts";
import { createOnce, hasStatus } from "../shared/errors.ts";
import { until } from "../shared/wait.ts";
import type { Droplet, DropletAction } from "./client/droplets.ts";
import type { DigitalOcean } from "./configure.ts";
import { asStored, backupPolicy, dropletRequest, dropletSchema, dropletState } from "./droplet-schema.ts";

/** Creation times have whole seconds, and our clock is not the vendor's. */
const clockTolerance = 5_000;

/** The newest droplet with this name and place that is not older than `since`: names are not unique. */
async function madeSince({ api }: DigitalOcean, config: Attributes, since: Date): Promise<Droplet | undefined> {
  const { name, region, size } = dropletRequest(config);
  const candidates = (await api.droplets.list({ name })).filter(
    (droplet) =>
      droplet.name === name &&
      droplet.size_slug === size &&
      (region === undefined || droplet.region.slug === region) &&
      Date.parse(droplet.created_at) >= since.getTime() - clockTolerance,
  );
  return candidates.sort((a, b) => b.created_at.localeCompare(a.created_at))[0];
}

/** A droplet that was made this short a time ago may not be in the copy that is read. */
const visibleAfter = 15_000;

function waitFor(
  client: DigitalOcean,
  id: string,
  status: Droplet["status"],
  title: string,
  work: Work,
): Promise<Droplet> {
  const started = work.clock.now().getTime();
  return until(work, {
    title,
    code: "digitalocean-droplet-wait",
    minutes: 20,
    probe: async () => {
      const droplet = await client.api.droplets.get(id);
      if (droplet || work.clock.now().getTime() - started < visibleAfter) return droplet;
      return fail({
        code: "digitalocean-droplet-gone",
        summary: "A droplet went away while Doge was waiting for it",
        detail: `Droplet ${id} is no longer there.`,
        remedy: "Run again: it is made anew.",
      });
    },
    done: (droplet) => (droplet?.status === status && !droplet.locked ? droplet : undefined),
    status: (droplet) =>
      !droplet || droplet.status === "new" ? "booting" : droplet.locked ? "locked" : droplet.status,
  });
}

async function act(client: DigitalOcean, id: string, action: DropletAction, work: Work): Promise<void> {
  const { droplets } = client.api;
  const started = await droplets.act(id, action);
  await until(work, {
    title: `${action.type} is done`,
    code: "digitalocean-action-wait",
    minutes: 60,
    probe: async () => (await droplets.action(id, started.id)) ?? started,
    done: (seen) => {
      if (seen.status !== "errored") return seen.status === "completed" || undefined;
      return fail({
        code: "digitalocean-action-failed",
        summary: "DigitalOcean could not carry out a change of a droplet",
        detail: `${action.type} of droplet ${id} ended as "errored" (action ${started.id}).`,
        remedy: "Look at the droplet's history in the console, then run again.",
      });
    },
    status: (seen) => `${action.type}: ${seen.status}`,
  });
}

/** Power off, resize, power on: DigitalOcean resizes only what is off. */
async function resize(client: DigitalOcean, live: Droplet, config: Attributes, work: Work): Promise<void> {
  const id = String(live.id);
  if (live.status !== "off") {
    await act(client, id, { type: "power_off" }, work);
    await waitFor(client, id, "off", "the droplet is off", work);
  }
  const disk = flag(config, "resize_disk") ?? true;
  await act(client, id, { type: "resize", size: dropletRequest(config).size, disk }, work);
  await act(client, id, { type: "power_on" }, work);
  await waitFor(client, id, "active", "the droplet is back", work);
}

async function settleTags({ api }: DigitalOcean, live: Droplet, wanted: readonly string[]): Promise<void> {
  const id = String(live.id);
  for (const tag of wanted.filter((t) => !live.tags.includes(t))) {
    await api.tags.create(tag);
    await api.tags.add(tag, id);
  }
  for (const tag of live.tags.filter((t) => !wanted.includes(t))) await api.tags.remove(tag, id);
}

async function update(
  client: DigitalOcean,
  live: Droplet,
  config: Attributes,
  prior: Attributes,
  work: Work,
): Promise<void> {
  const id = String(live.id);
  const wanted = dropletRequest(config);
  if (live.name !== wanted.name) await act(client, id, { type: "rename", name: wanted.name }, work);
  if (live.size_slug !== wanted.size) await resize(client, live, config, work);

  const policy = backupPolicy(config);
  const hadBackups = live.features.includes("backups");
  const changedPolicy = JSON.stringify(policy) !== JSON.stringify(backupPolicy(prior));
  if (wanted.backups && (!hadBackups || changedPolicy)) {
    const type = hadBackups ? "change_backup_policy" : "enable_backups";
    await act(client, id, { type, ...(policy ? { backup_policy: policy } : {}) }, work);
  } else if (!wanted.backups && hadBackups) await act(client, id, { type: "disable_backups" }, work);

  if (wanted.ipv6 && !live.features.includes("ipv6")) await act(client, id, { type: "enable_ipv6" }, work);
  await settleTags(client, live, sorted(strings(config, "tags")));
}

export const droplet = defineResource<DigitalOcean>()({
  type: "digitalocean_droplet",
  schemaVersion: 1,
  schema: dropletSchema,

  async read({ api }, prior) {
    const live = await api.droplets.get(required(prior, "id"));
    if (!live || live.status === "archive") return undefined;
    const imported = prior["image"] === undefined ? (live.image.slug ?? String(live.image.id)) : undefined;
    return dropletState(live, prior, imported);
  },

  async find(client, { config, since }) {
    const live = await madeSince(client, config, since);
    return live && dropletState(live, asStored(config));
  },

  async reconcile(client, { config, prior, created }, work) {
    const stored = asStored(config);
    if (!prior) {
      const since = work.clock.now();
      const made = await createOnce({
        create: () => client.api.droplets.create(dropletRequest(config)),
        find: () => madeSince(client, config, since),
      });
      await created(dropletState(made, stored));
      return dropletState(await waitFor(client, String(made.id), "active", "the droplet boots", work), stored);
    }
    const id = required(prior, "id");
    // A create that was interrupted while waiting goes on waiting.
    const live = await client.api.droplets.get(id);
    const booted =
      live?.status === "new" || !live ? await waitFor(client, id, "active", "the droplet boots", work) : live;
    await update(client, booted, config, prior, work);
    const after = (await client.api.droplets.get(id)) ?? booted;
    return dropletState(after, stored);
  },

  async remove(client, prior, work) {
    const id = required(prior, "id");
    const live = await client.api.droplets.get(id);
    if (!live) return;
    if (flag(prior, "graceful_shutdown") && live.status === "active") await act(client, id, { type: "shutdown" }, work);
    await until(work, {
      title: "the droplet can be destroyed",
      code: "digitalocean-droplet-wait",
      minutes: 5,
      probe: async () => {
        try {
          await client.api.droplets.delete(id);
          return "accepted";
        } catch (thrown) {
          // Another action holds the droplet for now.
          if (hasStatus(thrown, 409, 422)) return "busy";
          throw thrown;
        }
      },
      done: (answer) => (answer === "accepted" ? true : undefined),
    });
    await until(work, {
      title: "the droplet is gone",
      code: "digitalocean-droplet-wait",
      minutes: 5,
      probe: () => client.api.droplets.get(id),
      done: (seen) => (seen === undefined || seen.status === "archive" ? true : undefined),
      status: () => "destroying",
    });
  },

  importState: (id) => ({ id }),
});
