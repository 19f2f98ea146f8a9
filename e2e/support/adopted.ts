/** A Django project that Doge was brought to, with the real tool in it, on a real host. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineSocket } from "../../tools/hosts/droplet.ts";
import { type DropletName, places, registry } from "../../tools/hosts/places.ts";
import { writeDjangoApp } from "./django-app.ts";
import { domain, type HostedProject, hostedProject } from "./hosted.ts";
import { record } from "./real.ts";

/**
 * Writes the app, commits it, adopts it. Images are built with the engine of the droplet `builder`, and go through the
 * hosts' registry; without one, there is none to be reached.
 */
export async function adoptDjango(
  slug: string,
  builder: DropletName,
  images: "ghcr" | "none" = "ghcr",
): Promise<HostedProject> {
  const root = mkdtempSync(join(tmpdir(), "doge-adopted-"));
  const project = hostedProject(root, {
    PATH: `${dockerClient(join(root, "bin"))}:${process.env["PATH"]}`,
    DOCKER_HOST: `unix://${engineSocket(builder)}`,
    ...(images === "none" ? { DOGE_REGISTRY_URL: "https://registry.invalid" } : {}),
    // For the builder's client, which asks the registry for its token: the public authorities of the hosts' network.
    SSL_CERT_FILE: places.roots,
  });
  writeDjangoApp(project.folder, `${registry.host}/doge/django:trixie`);
  project.commit("such Django");
  const identity = ["--name", "Such Django", "--slug", slug, "--domain", domain, "--owner", "doge"];
  await project.data("adopt", "--yes", "--no-install", "--organization", "doge", "--registry", images, ...identity);
  const config = join(project.folder, "doge.config.ts");
  // Chosen otherwise: there is no HCP Terraform beside the hosts, and this app knows how to drain.
  const chosen = readFileSync(config, "utf8")
    .replace("\n} satisfies", '\n  executor: "native",\n  state: { backend: "folder" },\n} satisfies')
    .replace("drainSignal: null", 'drainSignal: "SIGUSR1"');
  writeFileSync(config, chosen);
  project.commit("Adopt Doge");
  return project;
}

/** A `docker` as a CI machine has it, with its builder; the engine is a droplet's. */
function dockerClient(bin: string): string {
  const { docker: tree } = record();
  mkdirSync(bin, { recursive: true });
  const plugin = `${tree}/usr/libexec/docker/cli-plugins/docker-buildx`;
  const script = `#!/bin/sh
if [ -n "\${DOCKER_CONFIG:-}" ]; then mkdir -p "$DOCKER_CONFIG/cli-plugins"; ln -sf ${plugin} "$DOCKER_CONFIG/cli-plugins/"; fi
exec ${tree}/usr/bin/docker "$@"
`;
  writeFileSync(join(bin, "docker"), script);
  chmodSync(join(bin, "docker"), 0o755);
  return bin;
}
