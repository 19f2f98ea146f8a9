import type { Client, Pool } from "pg";

export interface Entry {
  readonly name: string;
  readonly message: string;
  readonly createdAt: Date;
}

export interface Page {
  /** How many wows there are in all. */
  readonly total: number;
  /** The latest first, at most 20. */
  readonly entries: readonly Entry[];
}

export interface Guestbook {
  page(): Promise<Page>;
  sign(entry: { readonly name: string; readonly message: string }): Promise<void>;
}

export function postgresGuestbook(pool: Pick<Client | Pool, "query">): Guestbook {
  return {
    async page() {
      const { rows } = await pool.query<{ name: string; message: string; created_at: Date; total: string }>(
        "SELECT name, message, created_at, count(*) OVER () AS total FROM guestbook ORDER BY id DESC LIMIT 20",
      );
      return {
        total: Number(rows[0]?.total ?? 0),
        entries: rows.map((row) => ({ name: row.name, message: row.message, createdAt: row.created_at })),
      };
    },
    async sign({ name, message }) {
      await pool.query("INSERT INTO guestbook (name, message) VALUES ($1, $2)", [name, message]);
    },
  };
}

/** What a visitor sent, trimmed; or what is wrong with it, in words for the visitor. */
export function readEntry(form: Readonly<Record<string, unknown>>): {
  readonly entry?: { readonly name: string; readonly message: string };
  readonly trouble?: string;
} {
  const text = (key: string): string => {
    const value = form[key];
    return typeof value === "string" ? value.trim() : "";
  };
  const name = text("name");
  const message = text("message");
  if (name === "" || message === "") return { trouble: "Please give your name and a message." };
  if (name.length > 60) return { trouble: "That name is too long: 60 characters at most." };
  if (message.length > 280) return { trouble: "That message is too long: 280 characters at most." };
  return { entry: { name, message } };
}
