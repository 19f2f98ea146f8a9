import type { Gap } from "../ports.ts";

const gap = (text: string): Gap => ({ service: "droplet", gap: text });

/** What a droplet has and the local one has not. */
export const gaps: readonly Gap[] = [
  gap(
    "Commands run as the user who started the local cloud, on this machine's file system; only HOME and what cloud-init wrote is the droplet's own. sudo just runs.",
  ),
  gap(
    "cloud-init: users, SSH keys, host key and write_files are carried out; packages and commands are recorded in /var/log/cloud-init-output.log, not run.",
  ),
  gap(
    "cron: one crontab for the deploy user, in UTC; names of months and days, MAILTO and variables are not known. ss shows published ports only.",
  ),
  gap(
    "SSH: public keys only; no SFTP, no agent or remote forwarding; a terminal needs `script` on this machine and keeps the size it began with.",
  ),
  gap(
    "docker: no builds, no save, no port ranges, no UDP ports, no swarm, no cp, stats or events; `compose config` shows what was understood in our own form. What it doesn't know it says.",
  ),
  gap(
    "Containers are processes of this machine without isolation: no chroot, no limits of memory, no limits or shares of the processor, no users; absolute paths in an app's own code are this machine's.",
  ),
  gap(
    "Containers of one image share the files below node_modules: one that overwrites such a file in place changes it for the others, too. New files are its own.",
  ),
  gap(
    "Images with a Node entry run on this machine's Node, whichever version the image has. postgres runs as this machine's PostgreSQL, redis as its redis-server, caddy as the local cloud's edge; other images don't run.",
  ),
  gap(
    "A container's own 127.0.0.1 (but for the ports of the local cloud's vendors) and the names on its networks are known to Node and to PostgreSQL's programs; other programs in a container see this machine's.",
  ),
  gap(
    "A first process without a handler for SIGTERM ends at once; in a real container it would be killed after the grace period.",
  ),
  gap("Addresses 127.77.x.y, 127.78.x.y and 127.79.x.y must be usable: on macOS they first need an alias on lo0."),
];
