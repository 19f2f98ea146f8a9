import type { ColumnType, Generated, JSONColumnType } from "kysely";

type Time = ColumnType<Date, Date | undefined, Date>;

interface User {
  readonly id: string;
  name: Generated<string>;
  username: string;
  displayUsername: string;
  email: string;
  emailVerified: Generated<boolean>;
  /** Key of the picture in the storage. */
  image: string | null;
  twoFactorEnabled: Generated<boolean>;
  createdAt: Time;
  updatedAt: Time;
  isActive: Generated<boolean>;
  isStaff: Generated<boolean>;
  isSuperuser: Generated<boolean>;
  /** Null: what the browser asks for. */
  language: string | null;
  timeZone: Generated<string>;
}

interface Session {
  readonly id: string;
  userId: string;
  token: string;
  expiresAt: Date;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: Time;
  updatedAt: Time;
}

interface Account {
  readonly id: string;
  userId: string;
  accountId: string;
  providerId: string;
  password: string | null;
  createdAt: Time;
  updatedAt: Time;
}

interface Passkey {
  readonly id: string;
  userId: string;
  name: string | null;
  createdAt: Time;
}

interface AuditEvent {
  readonly id: Generated<string>;
  at: Time;
  actor: string;
  action: string;
  target: Generated<string>;
  detail: JSONColumnType<Record<string, unknown>, string | undefined, string>;
  ipAddress: string | null;
}

interface ApiToken {
  readonly id: Generated<string>;
  userId: string;
  name: string;
  hash: string;
  createdAt: Time;
  lastUsedAt: Date | null;
}

/** The schema as `migrations/` make it, for the compiler. */
export interface Tables {
  user: User;
  session: Session;
  account: Account;
  passkey: Passkey;
  verification: { readonly id: string; identifier: string; value: string; expiresAt: Date };
  /** Encrypted by SECRET_KEY: `accounts/keys.ts`. */
  twoFactor: { readonly id: string; userId: string; secret: string; backupCodes: string; verified: boolean };
  permission: { readonly codename: string; name: string };
  group: { readonly id: Generated<string>; name: string };
  groupPermission: { groupId: string; codename: string };
  userGroup: { userId: string; groupId: string };
  userPermission: { userId: string; codename: string };
  auditEvent: AuditEvent;
  apiToken: ApiToken;
  cacheEntry: { readonly key: string; value: string; expiresAt: Date };
}
