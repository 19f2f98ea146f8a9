import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Documents of one kind, by id. Synchronous: SQLite in process is faster than a promise. */
export interface Collection<T extends object> {
  get(id: string | number): T | undefined;
  put(id: string | number, document: T): T;
  /** Reads, changes, writes. Throws where there is none. */
  update(id: string | number, change: (document: T) => T): T;
  delete(id: string | number): boolean;
  /** In order of first insertion. */
  list(where?: (document: T) => boolean): T[];
  entries(): [string, T][];
}

export interface Store {
  /** `name` is unique over all services: `digitalocean.droplets`. */
  collection<T extends object>(name: string): Collection<T>;
  /** All or nothing; not nested. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** One SQLite file for the whole local cloud; it survives a kill at any instant. */
export function openStore(path: string): Store {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS documents (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      collection TEXT NOT NULL,
      id TEXT NOT NULL,
      document TEXT NOT NULL,
      UNIQUE (collection, id)
    );
  `);
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  const select = prepare("SELECT document FROM documents WHERE collection = ? AND id = ?");
  const upsert = prepare(
    "INSERT INTO documents (collection, id, document) VALUES (?, ?, ?) ON CONFLICT (collection, id) DO UPDATE SET document = excluded.document",
  );
  const remove = prepare("DELETE FROM documents WHERE collection = ? AND id = ?");
  const all = prepare("SELECT id, document FROM documents WHERE collection = ? ORDER BY position");

  return {
    collection<T extends object>(name: string): Collection<T> {
      const parse = (row: unknown): T => JSON.parse((row as { document: string }).document) as T;
      const collection: Collection<T> = {
        get(id) {
          const row = select.get(name, String(id));
          return row && parse(row);
        },
        put(id, document) {
          upsert.run(name, String(id), JSON.stringify(document));
          return document;
        },
        update(id, change) {
          const document = collection.get(id);
          if (!document) throw new Error(`${name} has no ${id}`);
          return collection.put(id, change(document));
        },
        delete: (id) => remove.run(name, String(id)).changes > 0,
        list(where) {
          const documents = all.all(name).map(parse);
          return where ? documents.filter(where) : documents;
        },
        entries: () => all.all(name).map((row) => [String((row as { id: unknown }).id), parse(row)]),
      };
      return collection;
    },
    transaction(work) {
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
    close: () => database.close(),
  };
}
