import type { Server } from "node:http";

/**
 * Stops listening, lets requests finish, and closes idle keep-alive connections as they become idle:
 * `server.close()` alone would wait for the edge's connections, which never end by themselves.
 * False where requests were still running after the grace period.
 */
export async function stopGracefully(
  server: Server,
  { graceMilliseconds }: { readonly graceMilliseconds: number },
): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  server.closeIdleConnections();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), graceMilliseconds);
  });
  try {
    return await Promise.race([closed, late]);
  } finally {
    clearInterval(sweep);
    clearTimeout(timer);
    server.closeAllConnections();
  }
}
