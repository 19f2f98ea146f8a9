import type { Streams } from "../engine/process.ts";
import type { Place } from "./runtime.ts";

/**
 * The `wget` of small images, as far as health checks use it: `-q`, `-O -`, `-S`, `--spider`, `-T`, `--header`,
 * `--post-data`. Exit code 1 where there is no success, as BusyBox has it.
 */
export async function wget(
  args: readonly string[],
  streams: Streams,
  locate: (host: string, port: number) => Place | undefined,
): Promise<number> {
  const headers = new Headers();
  let [url, spider, seconds, body]: [string, boolean, number, string | undefined] = ["", false, 30, undefined];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    const [name = "", inline] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
    const value = (): string => inline ?? args[++index] ?? "";
    if (name === "--spider") spider = true;
    else if (name === "-T" || name === "--timeout") seconds = Number(value());
    else if (name === "--post-data") body = value();
    else if (name === "--header") headers.append(...splitHeader(value()));
    else if (name === "--tries" || name === "-t" || name === "-O" || name === "-qO") value();
    else if (!name.startsWith("-")) url = name.includes("://") ? name : `http://${name}`;
  }
  const target = new URL(url);
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  const place = locate(target.hostname, port);
  if (place) [target.hostname, target.port] = [place.host, String(place.port)];
  try {
    const response = await fetch(target, {
      method: spider ? "HEAD" : body === undefined ? "GET" : "POST",
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(seconds * 1000),
    });
    const answer = Buffer.from(await response.arrayBuffer());
    if (!response.ok) {
      await streams.stderr(
        Buffer.from(`wget: server returned error: HTTP/1.1 ${response.status} ${response.statusText}\n`),
      );
      return 1;
    }
    if (!spider) await streams.stdout(answer);
    return 0;
  } catch {
    await streams.stderr(Buffer.from(`wget: can't connect to remote host (${target.hostname}): Connection refused\n`));
    return 1;
  }
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}
