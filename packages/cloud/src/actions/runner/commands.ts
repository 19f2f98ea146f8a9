import type { Annotation } from "../records.ts";

/** What a step may say in its output. */
export interface CommandSink {
  log(line: string): void;
  mask(secret: string): void;
  annotate(annotation: Annotation): void;
  /** Debug lines are shown only where the workflow's `ACTIONS_STEP_DEBUG` is true. */
  readonly debug: boolean;
}

const levels: ReadonlySet<string> = new Set(["error", "warning", "notice"]);
const command = /^::([a-z-]+)(?: ([^]*?))?::([^]*)$/;

/** Reads workflow commands (`::error file=a.ts::message`) out of lines; all else goes to the log as it is. */
export function commandReader(sink: CommandSink): (line: string) => void {
  let stopped: string | undefined;
  return (line) => {
    const match = command.exec(line.trimStart());
    if (stopped !== undefined) {
      if (line.trim() === `::${stopped}::`) stopped = undefined;
      else sink.log(line);
      return;
    }
    if (!match) {
      sink.log(line);
      return;
    }
    const [, name = "", properties = "", data = ""] = match;
    const message = unescapeData(data);
    if (levels.has(name)) {
      sink.annotate(annotationOf(name as Annotation["level"], parseProperties(properties), message));
      sink.log(`##[${name}]${message}`);
    } else if (name === "add-mask") {
      sink.mask(message);
    } else if (name === "stop-commands") {
      stopped = message;
      sink.log(line);
    } else if (name === "group") sink.log(`##[group]${message}`);
    else if (name === "endgroup") sink.log("##[endgroup]");
    else if (name === "debug") {
      if (sink.debug) sink.log(`##[debug]${message}`);
    } else if (!ignored.has(name)) sink.log(line);
  };
}

/** Understood by GitHub's runner, without an effect on the log. */
const ignored: ReadonlySet<string> = new Set(["echo", "add-matcher", "remove-matcher"]);

function annotationOf(level: Annotation["level"], properties: Record<string, string>, message: string): Annotation {
  const line = Number(properties["line"]);
  return {
    level,
    message,
    ...(properties["title"] !== undefined && { title: properties["title"] }),
    ...(properties["file"] !== undefined && { file: properties["file"] }),
    ...(Number.isInteger(line) && { line }),
  };
}

function parseProperties(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at > 0 ? [[pair.slice(0, at).trim(), unescapeProperty(pair.slice(at + 1))]] : [];
    }),
  );
}

const unescapeData = (text: string): string =>
  text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
const unescapeProperty = (text: string): string => unescapeData(text.replaceAll("%3A", ":").replaceAll("%2C", ","));
