// {{#if api}}
import { html } from "hono/html";
import type { PageContext } from "../web/context.ts";
import { type Html, page } from "../web/page.ts";
import type { ApiDocument } from "./document.ts";

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

/** The OpenAPI document as a page, for people. */
export function docsPage(c: PageContext, document: ApiDocument): Html {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const content = html`<h1>API</h1>
    <p>${document.info.description} <a href="/api/schema/">OpenAPI ${document.openapi}</a></p>
    <pre class="card">curl -H "Authorization: Bearer TOKEN" ${document.servers[0]?.url}/api/users/me/</pre>
    ${operations.map(
      ({ path, method, operation }) => html`<section class="card operation">
        <h2><span class="badge">${method}</span> <code>${path}</code></h2>
        <p>${operation.summary}. ${operation.description ?? ""}</p>
        ${operation.parameters ? html`<ul>${operation.parameters.map((p) => html`<li><code>${p.name}</code> (${p.in}) ${p.description ?? ""}</li>`)}</ul>` : ""}
        ${operation.requestBody ? html`<pre>${JSON.stringify(operation.requestBody, null, 2)}</pre>` : ""}
        <p>${Object.entries(operation.responses).map(([status, { description }]) => html`<span class="nowrap"><code>${status}</code> ${description}</span> `)}</p>
      </section>`,
    )}
    <h2>Schemas</h2>
    ${Object.entries(document.components.schemas).map(([name, schema]) => html`<h3>${name}</h3><pre class="card">${JSON.stringify(schema, null, 2)}</pre>`)}`;
  return page(c, { title: "API", wide: true }, content);
}
// {{/if}}
