import { randomBytes } from "node:crypto";
import type { Secret } from "@doge/core";
import { parseKeys } from "@doge/engine";
import type { Project } from "../project.ts";

type Keys = readonly Secret<Uint8Array>[];

/** The project's keys, the newest first; empty where it has none. */
export function stateKeys({ settings }: Pick<Project, "settings">): Keys {
  const text = settings.env["DOGE_STATE_KEY"];
  for (const key of (text ?? "").split(",")) settings.redactor.add(key.trim());
  return parseKeys(text);
}

/**
 * Keys for what only this machine keeps (journals) or hands on as a file (saved plans): the project's, else one of this
 * folder, made when it is first needed.
 */
export async function localKeys(project: Pick<Project, "settings" | "machine" | "folder">): Promise<Keys> {
  const keys = stateKeys(project);
  if (keys.length > 0) return keys;
  const { files } = project.machine;
  const path = `${project.folder}/.doge/key`;
  await files.create(path, randomBytes(32).toString("base64"), { mode: 0o600 });
  return parseKeys(await files.read(path));
}
