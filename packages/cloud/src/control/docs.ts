import type { Hono } from "hono";
import type { Service } from "../ports.ts";

/** docs/local-cloud.md: what is served and what is not, as the code says it. */
export function describeCloud(parts: { readonly services: readonly Service[]; readonly control: Hono }): string {
  const { services, control } = parts;
  const sections = services.map((service) => {
    const operations = service.operations ?? operationsOf(service.app);
    return [
      `## ${titles[service.name]}`,
      ...(operations.length > 0 ? [table(operations)] : []),
      ...(service.gaps.length > 0
        ? ["Not here, or different:", service.gaps.map(({ gap }) => `- ${gap}`).join("\n")]
        : []),
    ].join("\n\n");
  });
  return [
    "# The local cloud\n\nMade by `node tools/local-cloud-docs.ts` from the code; a test keeps it up to date.",
    "What each stand-in serves, and what of the real service is not here.",
    ...sections,
    `## Control port\n\nApart from the vendors' interfaces; every request carries \`Authorization: Bearer <control token>\`.\n\n${table(operationsOf(control))}`,
    faultsHelp,
    "",
  ].join("\n\n");
}

const titles: Readonly<Record<Service["name"], string>> = {
  hcp: "HCP Terraform",
  digitalocean: "DigitalOcean",
  spaces: "Spaces",
  github: "GitHub",
  registry: "Container registry",
  dns: "DNS",
  mail: "Mail",
  droplet: "Droplets",
  edge: "Edge",
};

interface Operation {
  readonly method: string;
  readonly path: string;
}

/** Routes of an app without its middleware, each once, by path. */
export function operationsOf(app: Hono | undefined): Operation[] {
  const seen = new Map<string, Operation>();
  for (const { method, path } of app?.routes ?? []) {
    const isMiddleware = method === "ALL" && path.endsWith("*");
    if (!isMiddleware) seen.set(`${path} ${method}`, { method: method === "ALL" ? "any" : method, path });
  }
  return [...seen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, operation]) => operation);
}

/** One row a path: the methods beside each other. */
function table(operations: readonly Operation[]): string {
  const methods = Map.groupBy(operations, ({ path }) => path);
  const rows = [...methods].map(
    ([path, all]) => `| \`${path.replaceAll("|", "\\|")}\` | ${all.map(({ method }) => method).join(", ")} |`,
  );
  return ["| path | methods |", "| --- | --- |", ...rows].join("\n");
}

const faultsHelp = `### Faults

\`POST /faults\` orders trouble for requests that match; \`DELETE /faults\` ends it. For example, the answer to the next
create of a droplet is lost after the droplet was made:

\`\`\`json
{ "service": "digitalocean", "method": "POST", "path": "^/v2/droplets$", "effect": "cut", "when": "after", "times": 1 }
\`\`\`

\`effect\` is a status (with the vendor's error body), \`"cut"\`, \`"timeout"\`, \`"delay"\`, or \`"stale"\`: reads show the world as
it was \`lagMilliseconds\` ago. Beside it \`delayMilliseconds\`, \`retryAfter\` and \`rateReset\` (seconds; the latter in the
vendor's own rate-limit headers), \`skip\`, \`times\`, \`probability\` and \`seed\`: one seed strikes the same requests again, in
whatever order they come.`;
