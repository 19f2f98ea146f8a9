import type { database } from "@doge/workflow";

export const renderProof = (proof: Awaited<ReturnType<typeof database.backup>>): string =>
  `${proof.file}: ${size(proof.bytes)}, ${proof.tables} tables, ${proof.rows} rows; restored and compared.\n`;

export function renderBackups(backups: Awaited<ReturnType<typeof database.list>>): string {
  if (backups.length === 0) return "No backups yet. Make one: doge db backup\n";
  return backups.map(({ at, bytes, file }) => `${at}  ${size(bytes).padStart(9)}  ${file}\n`).join("");
}

const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
