import { createHash } from "node:crypto";
import { z } from "zod";
import { fail } from "@doge/core";

/** Where a project says what it was made from: committed, so that a later template can be merged into it. */
export const recordPath = ".doge-template.json";

export type Template = Readonly<Record<string, string>>;

/** What a project was made from: enough to make the very same files again. */
export interface TemplateRecord {
  readonly template: string;
  /** Of the tool that brought the template. */
  readonly version: string;
  /** SHA-256 of the template, hexadecimal: versions alone don't tell two builds apart. */
  readonly digest: string;
  /** The words that were filled in. */
  readonly words: Readonly<Record<string, string>>;
}

const schema = z.strictObject({
  template: z.string(),
  version: z.string(),
  digest: z.string(),
  words: z.record(z.string(), z.string()),
});

export function templateDigest(template: Template): string {
  const hash = createHash("sha256");
  for (const path of Object.keys(template).sort()) hash.update(JSON.stringify([path, template[path]]));
  return hash.digest("hex");
}

export const recordText = (record: TemplateRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** Throws `template-record` where the record is missing or is none. */
export function parseRecord(text: string | undefined): TemplateRecord {
  let problem = "It is not there.";
  if (text !== undefined) {
    try {
      const parsed = schema.safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
      problem = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
    } catch (thrown) {
      problem = (thrown as Error).message;
    }
  }
  return fail({
    code: "template-record",
    summary: "The project does not say which template it was made from",
    detail: problem,
    address: recordPath,
    remedy: `Find the commit that had it: git log --all -- ${recordPath}; take it back: git checkout COMMIT -- ${recordPath}. A project that doge adopt took in has none, and follows no template.`,
  });
}
