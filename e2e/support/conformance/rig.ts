/** What the suites of the deploy package's ports run on: a droplet, its registry, and a small app. */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { type Machine, DogeError } from "../../../packages/core/src/index.ts";
import type { ConnectOptions, Host, RegistryAccess, ReleaseImage } from "../../../packages/deploy/src/index.ts";

export interface Rig {
  readonly machine: Machine;
  /** The site's name; it leads to the droplet, and so does the one with `www.` before it. */
  readonly domain: string;
  readonly registryUrl: string;
  readonly access: RegistryAccess;
  readonly acmeDirectory?: string;
  /** Whether containers have limits and a kernel that enforces them: those of the local cloud are plain processes. */
  readonly limits: boolean;
  /** Spaces, where there is one beside the droplet. */
  readonly spaces?: { readonly endpoint: string; readonly id: string; readonly secret: string };
  readonly ssh: ConnectOptions;
  connect(changes?: Partial<ConnectOptions>): Promise<Host>;
  /** The suites' app (app.ts), in the registry. */
  readonly image: ReleaseImage;
}

/** Code of the diagnostic that something fails with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await troubleOf(work)).code;
}

/** The diagnostic that something fails with. */
export async function troubleOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly detail: string }> {
  const thrown = await work.then(
    () => new Error("nothing failed"),
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof DogeError)) throw thrown;
  const [first] = thrown.diagnostics;
  return { code: first?.code ?? "", detail: first?.detail ?? "" };
}

/** A way to a port that can be cut. */
export async function openRelay(to: { readonly host: string; readonly port: number }) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to.port, to.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => (near.destroy(), far.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    /** At once, without a word to either side. */
    cut(): void {
      for (const socket of sockets) socket.destroy();
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
