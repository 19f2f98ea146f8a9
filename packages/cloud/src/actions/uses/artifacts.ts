import { statSync } from "node:fs";
import { copyFile, cp, mkdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { matchesPatterns } from "../language/patterns.ts";
import type { ArtifactRecord } from "../records.ts";
import { matchingFiles } from "../runner/hash-files.ts";
import type { ActionCall } from "./index.ts";
import { failed, flagOf, linesOf, refuse, requiredInput, textOfInput } from "./inputs.ts";

const dayMilliseconds = 86_400_000;

/** actions/upload-artifact: keeps files of the job, by name, for later jobs and for the runs' page. */
export async function uploadArtifact(call: ActionCall): Promise<void> {
  const { session, inputs, outputs } = call;
  const { artifacts, context, timestamp } = session.office;
  const name = textOfInput(inputs, "name") ?? "artifact";
  if (/[\\/:*?"<>|\r\n]/.test(name)) failed(`The artifact name is not valid: ${name}`);
  const workspace = session.folders.workspace;
  const hidden = flagOf(inputs, "include-hidden-files", false);
  const patterns = linesOf(requiredInput(inputs, "path"));
  const files = matchingFiles(workspace, patterns).filter(
    (path) =>
      hidden ||
      !relative(workspace, path)
        .split(sep)
        .some((part) => part.startsWith(".") && part !== ".."),
  );
  if (files.length === 0) {
    const message = `No files were found with the provided path: ${inputs["path"]}. No artifacts will be uploaded.`;
    const policy = textOfInput(inputs, "if-no-files-found") ?? "warn";
    if (policy === "error") failed(message);
    if (policy === "warn") session.log.write(`##[warning]${message}`);
    return;
  }
  const same = artifacts.list((each) => each.runId === session.run.id && each.name === name);
  if (same.length > 0 && !flagOf(inputs, "overwrite", false)) {
    failed(
      "Failed to CreateArtifact: Received non-retryable error: Conflict: an artifact with this name already exists on the workflow run",
    );
  }
  for (const each of same) artifacts.delete(each.id);

  const id = context.ids.next("actions.artifact");
  const folder = artifactFolder(call, id);
  const root = searchedFolder(workspace, patterns);
  let bytes = 0;
  for (const path of files) {
    const target = join(folder, relative(root, path));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(path, target);
    bytes += (await stat(path)).size;
  }
  const days = Number(textOfInput(inputs, "retention-days") ?? "90");
  artifacts.put(id, {
    id,
    repository: session.run.repository,
    runId: session.run.id,
    name,
    bytes,
    createdAt: timestamp(),
    expiresAt: new Date(context.now().getTime() + days * dayMilliseconds).toISOString(),
  });
  outputs["artifact-id"] = String(id);
  outputs["artifact-url"] =
    `${context.url("github")}/${session.run.repository}/actions/runs/${session.run.id}/artifacts/${id}`;
  session.log.write(`Artifact ${name} has been successfully uploaded: ${files.length} files, ${bytes} bytes`);
}

/** actions/download-artifact: of this run, by name or by pattern. */
export async function downloadArtifact(call: ActionCall): Promise<void> {
  const { session, inputs, outputs } = call;
  refuse(inputs, "actions/download-artifact", ["run-id", "repository", "artifact-ids"]);
  const target = resolve(session.folders.workspace, textOfInput(inputs, "path") ?? "");
  const ofRun = session.office.artifacts.list((each) => each.runId === session.run.id);
  const name = textOfInput(inputs, "name");
  const pattern = textOfInput(inputs, "pattern");
  const wanted = ofRun.filter((each) =>
    name !== undefined ? each.name === name : pattern === undefined || matchesPatterns([pattern], each.name),
  );
  if (name !== undefined && wanted.length === 0)
    failed(`Unable to download artifact(s): Artifact not found for name: ${name}`);
  const flat = name !== undefined || flagOf(inputs, "merge-multiple", false);
  for (const artifact of wanted) await unpack(call, artifact, flat ? target : join(target, artifact.name));
  outputs["download-path"] = target;
  session.log.write(`Downloaded ${wanted.length} artifact(s): ${wanted.map((each) => each.name).join(", ")}`);
}

async function unpack(call: ActionCall, artifact: ArtifactRecord, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await cp(artifactFolder(call, artifact.id), target, { recursive: true });
}

const artifactFolder = ({ session }: ActionCall, id: number): string =>
  join(session.office.context.folder, "actions", "artifacts", String(id));

/** Paths within an artifact are relative to the nearest folder that holds all that was searched. */
function searchedFolder(workspace: string, patterns: readonly string[]): string {
  const roots = patterns
    .filter((pattern) => !pattern.startsWith("!"))
    .map((pattern) => {
      const literal = resolve(workspace, pattern.replace(/[^/]*[*?[].*$/, ""));
      return statSync(literal, { throwIfNoEntry: false })?.isFile() ? dirname(literal) : literal;
    });
  return roots.reduce((shared, folder) => {
    let common = shared;
    while (folder !== common && !folder.startsWith(`${common}${sep}`)) common = dirname(common);
    return common;
  });
}
