/** Pushes the base images to the registry of the hosts. Runs in their network. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../../packages/core/src/index.ts";
import { nodeMachine } from "../../packages/core/src/node/index.ts";
import { createRegistry } from "../../packages/deploy/src/index.ts";
import { digestOf } from "../../packages/deploy/src/registry/client.ts";
import { media } from "../../packages/deploy/src/registry/media.ts";
import { readImages } from "./images.ts";
import { registry as settings } from "./places.ts";

const [folder = ""] = process.argv.slice(2);
const { http, clock } = nodeMachine();
const credentials = { username: settings.username, password: new Secret(settings.token) };
const registry = createRegistry({ http, clock, url: `https://${settings.host}`, credentials });

for (const image of readImages(folder)) {
  const configuration = Buffer.from(JSON.stringify(image.configuration));
  const config = { mediaType: media.config, digest: digestOf(configuration), size: configuration.byteLength };
  const layer = { mediaType: media.layer, digest: image.digest, size: image.size };
  const content = async (): Promise<Uint8Array> => readFileSync(join(folder, image.layer));
  await registry.putBlob(image.repository, { digest: layer.digest, content });
  await registry.putBlob(image.repository, { digest: config.digest, content: async () => configuration });
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: media.manifest, config, layers: [layer] }),
  );
  await registry.putManifest(image.repository, image.tag, media.manifest, manifest);
}
