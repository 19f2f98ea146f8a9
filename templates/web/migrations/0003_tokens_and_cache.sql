-- {{#if api}}
-- Only the hash of a token is kept: who reads the database can't use the API.
CREATE TABLE api_token (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  name text NOT NULL,
  hash text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
CREATE INDEX api_token_user_id ON api_token (user_id);

-- {{/if}}
-- Not written ahead: fast, and empty again after a crash, as a cache may be.
CREATE UNLOGGED TABLE cache_entry (
  key text PRIMARY KEY,
  value text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX cache_entry_expires_at ON cache_entry (expires_at);
