import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PublishedPorts } from "../../src/droplet/engine/ports.ts";
import { writePorts } from "../../src/droplet/shims.ts";

const listening = (hostPort: number): Pick<PublishedPorts, "list"> => ({
  list: () => [
    {
      container: "c1",
      containerPort: 2019,
      hostIp: "127.0.0.1",
      hostPort,
      actual: () => ({ host: "127.77.0.9", port: 2019 }),
      server: undefined,
    },
  ],
});

test("a curl that has begun to read the ports reads all of them, whatever changes meanwhile", () => {
  const folder = mkdtempSync(join(tmpdir(), "doge-shims-"));
  const disk = { root: folder, bin: join(folder, "bin"), engine: folder, path: (path: string) => path };
  const file = join(folder, "curl.conf");
  try {
    writePorts(disk, listening(2019));
    const begun = openSync(file, "r");
    writePorts(disk, listening(8080));
    expect(readFileSync(begun, "utf8")).toContain('connect-to = "localhost:2019:127.77.0.9:2019"\n');
    closeSync(begun);
    expect(readFileSync(file, "utf8")).toContain('connect-to = "localhost:8080:127.77.0.9:2019"\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
