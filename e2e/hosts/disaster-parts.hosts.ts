/** docs/deploy.md's disaster guide, followed to the letter: the registry is lost, and the certificates. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeAll } from "../../packages/deploy/src/index.ts";
import { droplets, network, registry } from "../../tools/hosts/places.ts";
import { certificate, domain, type HostedProject, hostedProject, page } from "../support/hosted.ts";
import { connectReal, machine } from "../support/real.ts";
import { commitVersion, smallAppConfig, writeSmallApp } from "../support/small-app.ts";

const slug = "such-parts";
const repository = `doge/${slug}`;
let project: HostedProject;

beforeAll(async () => {
  project = hostedProject(mkdtempSync(join(tmpdir(), "doge-disaster-")));
  writeSmallApp(project.folder);
  const config = {
    name: "Such Parts",
    slug,
    domain,
    github: { owner: "doge", repository: slug },
    hcp: { organization: "doge" },
    executor: "native",
    state: { backend: "folder" },
    ...smallAppConfig,
    app: { ...smallAppConfig.app, base: `${registry.host}/doge/node:24-bookworm-slim` },
  };
  writeFileSync(join(project.folder, "doge.config.ts"), `export default ${JSON.stringify(config)};\n`);
  project.commit("Version 1");
  for (const { name } of droplets) await project.provisioned(name);
  await everywhere();
});

afterAll(async () => {
  await leads(network.address);
  project?.remove();
  for (const { name } of droplets) {
    const host = await connectReal(name);
    await removeAll(host, machine.clock, slug, "ada");
    await host.close();
  }
});

interface Deployed {
  readonly digest: string;
  readonly unchanged: boolean;
}

async function everywhere(): Promise<Deployed> {
  await project.data("deploy", "stage");
  return project.data<Deployed>("deploy", "prod");
}

const version = async (host: string): Promise<string> =>
  (JSON.parse(await page(`https://${host}/`)) as { readonly version: string }).version;

/** For everyone in the network, the registry's name leads there from now on. */
async function leads(address: string): Promise<void> {
  const tell = async (verb: string, body: object): Promise<void> => {
    const url = `http://${network.address}:8055/${verb}`;
    await machine.http.send({ method: "POST", url, body: JSON.stringify(body) });
  };
  await tell("clear-a", { host: `${registry.host}.` });
  await tell("add-a", { host: `${registry.host}.`, addresses: [address] });
}

/** Asks the registry as the owner of the images. */
async function ask(method: "GET" | "DELETE", path: string): Promise<unknown> {
  const basic = Buffer.from(`${registry.username}:${registry.token}`).toString("base64");
  const scope = `repository:${repository}:pull,delete`;
  const url = `https://${registry.host}`;
  const granted = await machine.http.send({
    method: "GET",
    url: `${url}/token?scope=${scope}`,
    headers: { authorization: `Basic ${basic}` },
  });
  const { token } = granted.json() as { readonly token: string };
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  const headers = { authorization: `Bearer ${token}`, accept };
  const answer = await machine.http.send({ method, url: `${url}/v2/${repository}/${path}`, headers });
  if (answer.status >= 400) throw new Error(`${method} ${path} answers ${answer.status}: ${answer.text()}`);
  return method === "GET" ? answer.json() : undefined;
}

/** Every image of the project is gone from the registry, with the proof that it was live on staging. */
async function emptyRegistry(): Promise<void> {
  const { tags } = (await ask("GET", "tags/list")) as { readonly tags: readonly string[] };
  for (const tag of tags) await ask("DELETE", `manifests/${tag}`);
  expect(await ask("GET", "tags/list")).toMatchObject({ tags: [] });
}

test("the registry is lost: a rollback needs none, and a deploy makes the same image again", async () => {
  commitVersion(project.folder, "2");
  const second = await everywhere();
  expect(await version(domain)).toBe("2");

  await leads("127.0.0.1");
  expect((await project.ask("deploy", "stage")).said).toContain("[registry-unreachable]");
  await project.data("rollback", "prod");
  expect(await version(domain)).toBe("1");
  expect(await version(`staging.${domain}`)).toBe("2");

  await leads(network.address);
  await emptyRegistry();
  // Nothing is left that says what was live on staging.
  expect((await project.ask("deploy", "prod")).said).toContain("[image-unproven]");
  const again = await project.data<Deployed>("deploy", "stage");
  expect(again).toMatchObject({ digest: second.digest, unchanged: true });
  await project.data("deploy", "prod", "--force");
  expect(await version(domain)).toBe("2");

  commitVersion(project.folder, "3");
  await everywhere();
  expect(await version(domain)).toBe("3");
}, 300_000);

test("the certificates are lost, with their volume: a deploy, and the authority gives new ones", async () => {
  const before = await certificate(domain);
  const host = await connectReal("prod");
  await host.run({ argv: ["docker", "rm", "--force", "services-caddy-1"] });
  await host.run({ argv: ["docker", "volume", "rm", "services_caddy-data"] });
  await host.close();
  await expect(certificate(domain)).rejects.toMatchObject({ code: "ECONNREFUSED" });

  expect(await project.data<Deployed>("deploy", "prod")).toMatchObject({ unchanged: true });
  expect(await version(domain)).toBe("3");
  const after = await certificate(domain);
  expect(after.serial).not.toBe(before.serial);
}, 300_000);
