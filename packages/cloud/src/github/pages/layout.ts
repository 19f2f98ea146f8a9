import { html, raw } from "hono/html";

export type Html = ReturnType<typeof html>;

/** One page: a title, a way back, and what it is about. */
export function layout(
  title: string,
  crumbs: readonly { readonly href: string; readonly text: string }[],
  body: unknown,
): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <header>
          <nav>${crumbs.map(({ href, text }) => html`<a href="${href}">${text}</a> / `)}</nav>
          <h1>${title}</h1>
        </header>
        <main>${body}</main>
        <footer>GitHub, as the local cloud stands in for it</footer>
      </body>
    </html>`;
}

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  a { color: #0969da; text-decoration: none; } a:hover { text-decoration: underline; }
  pre, code { font: 13px/1.45 ui-monospace, monospace; }
  pre { background: #f6f8fa; padding: .75rem; overflow: auto; border-radius: 6px; white-space: pre-wrap; }
  article { border: 1px solid #d1d9e0; border-radius: 6px; margin: 1rem 0; }
  article > header { background: #f6f8fa; padding: .4rem .75rem; border-bottom: 1px solid #d1d9e0; }
  article > pre { background: none; margin: 0; }
  .state { border-radius: 1rem; padding: .1rem .6rem; color: #fff; background: #1a7f37; }
  .closed { background: #cf222e; } .merged { background: #8250df; } .pending { background: #9a6700; }
  table { border-collapse: collapse; } td { padding: .2rem .8rem .2rem 0; }
  footer { margin-top: 3rem; color: #59636e; font-size: .85rem; }
`;
