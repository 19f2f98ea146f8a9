CREATE TABLE permission (
  codename text PRIMARY KEY CHECK (codename ~ '^[a-z_]+\.[a-z_]+$'),
  name text NOT NULL
);
INSERT INTO permission (codename, name) VALUES
  ('users.view', 'Can view users'),
  ('users.add', 'Can add users'),
  ('users.change', 'Can change and deactivate users'),
  ('groups.view', 'Can view groups and permissions'),
  ('groups.change', 'Can add, change and delete groups and permissions'),
  ('audit.view', 'Can view the audit log');

CREATE TABLE "group" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 150)
);

CREATE TABLE group_permission (
  group_id bigint NOT NULL REFERENCES "group" (id) ON DELETE CASCADE,
  codename text NOT NULL REFERENCES permission (codename) ON DELETE CASCADE,
  PRIMARY KEY (group_id, codename)
);

CREATE TABLE user_group (
  user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  group_id bigint NOT NULL REFERENCES "group" (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, group_id)
);

CREATE TABLE user_permission (
  user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  codename text NOT NULL REFERENCES permission (codename) ON DELETE CASCADE,
  PRIMARY KEY (user_id, codename)
);

-- Who did what to whom. Names are kept as they were: the log outlives what it tells about.
CREATE TABLE audit_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  ip_address text
);
CREATE INDEX audit_event_at ON audit_event (at DESC);
