/** What every package shares: diagnostics, secrets, events and the ports to the machine. */
export * from "./diagnostic.ts";
export * from "./events.ts";
export * from "./ports.ts";
export * from "./retry.ts";
export * from "./secret.ts";
