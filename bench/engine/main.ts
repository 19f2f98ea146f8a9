/** `make bench-engine`: the engine's part of `make bench`, without the demo. */
import { engineRows } from "./rows.ts";

for (const { what, milliseconds, against, note } of await engineRows()) {
  const ratio = against
    ? `${(milliseconds / against.milliseconds).toFixed(2)} × ${against.what} (${against.milliseconds.toFixed(0)} ms)`
    : "";
  console.log(`${what.padEnd(30)}${milliseconds.toFixed(0).padStart(8)} ms  ${ratio}${note ?? ""}`);
}
process.exit(0);
