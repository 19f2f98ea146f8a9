import { commandLine } from "../host/quote.ts";
import type { Compose } from "../containers/docker.ts";
import { network } from "../release/compose-file.ts";

/** Exit code where Spaces did not take or give a backup. */
export const unreached = 49;

/** Exit code where there is no such backup. */
export const absent = 50;

/** Dumps and restores a server of its own version and of earlier ones. */
const programs = "postgres:17-bookworm";

/**
 * Rows of every table, a line each, and a hash of the columns: two databases with the same lines have the same
 * schema and as many rows.
 */
const inventory = `SELECT 'columns ' || md5(coalesce(string_agg(format('%s.%s.%s %s %s', table_schema, table_name, column_name, data_type, is_nullable), ',' ORDER BY table_schema, table_name, column_name), '')) FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema');
SELECT format('%I.%I', n.nspname, c.relname) || ' ' || (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', n.nspname, c.relname), false, true, '')))[1]::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1;`;

// In the container. The dump and the inventory are of one snapshot: what is written meanwhile is in neither.
const takeDump = `set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
psql --username "$POSTGRES_USER" --dbname "$1" --quiet --no-align --tuples-only --no-psqlrc -v ON_ERROR_STOP=1 >&2 <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\\o $folder/rows
$2
\\o
SELECT pg_export_snapshot() AS snapshot \\gset
\\setenv SNAPSHOT :snapshot
\\! pg_dump --username "$POSTGRES_USER" --dbname "$1" --snapshot="\\$SNAPSHOT" --format custom --file "$folder/dump" || rm -f "$folder/dump"
COMMIT;
SQL
[ -s "$folder/dump" ] || { echo "pg_dump failed" >&2; exit 46; }
cd "$folder"; cksum rows dump > sums
tar -cf - rows dump sums`;

/**
 * The script `bin/db` of a host: everything that is done with backups, for `doge db`, for cron and for people
 * who are logged in. A backup is a tar of `dump` (pg_dump's custom format), `rows` (the inventory of the same
 * snapshot) and `sums` of both; one that ends in `.enc` is encrypted by openssl with BACKUP_KEY of `.envs/.production/.backup`.
 */
export function databaseScript(options: {
  readonly project: string;
  readonly environment: string;
  readonly services: Compose;
  /** The database is elsewhere: this env file, beside the folder of the script, says where. */
  readonly external?: string;
}): string {
  const { project, environment, services, external } = options;
  // PostgreSQL's programs: those of the service, or those of its image, which then talk to the server elsewhere.
  const [piped, interactive] =
    external === undefined
      ? [commandLine(services.exec("postgres", [])), "docker exec -it services-postgres-1"]
      : ["-i", "-it"].map(
          (how) => `docker run --rm ${how} --network ${network} --env-file "$here/${external}" ${programs}`,
        );
  return `#!/bin/sh
# Written by doge deploy: backups of ${project} on ${environment}.
# db backup | verify [FILE] | restore FILE | list | scheduled | export | import | psql
set -eu
umask 077
PATH="$PATH:/usr/local/bin:/usr/bin:/bin"
here=$(cd "$(dirname "$0")/.." && pwd)
# A person names a file as it is seen from where they are.
case "\${2:-}" in ""|/*) ;; *) [ ! -f "$2" ] || set -- "$1" "$(pwd)/$2";; esac
cd "$here"
backups="$here/backups"
# Or by its name alone.
case "\${2:-}" in ""|*/*) ;; *) for folder in "$backups" "$backups/scheduled"; do [ ! -f "$folder/$2" ] || set -- "$1" "$folder/$2"; done;; esac
mkdir -p "$backups/scheduled"
work=$(mktemp -d "$backups/work.XXXXXX")
scratch=; closed=
finish() {
  [ -z "$closed" ] || echo "ALTER DATABASE \\"$database\\" WITH ALLOW_CONNECTIONS true;" | sql template1 || true
  [ -z "$scratch" ] || drop "$scratch" || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' INT TERM HUP

pg() { ${piped} "$@"; }
inventory=${single(inventory)}
database=$(pg sh -c 'printf %s "\${POSTGRES_DB:-$POSTGRES_USER}"' </dev/null)
sql() { pg sh -c 'exec psql --username "$POSTGRES_USER" --dbname "$1" --quiet --no-align --tuples-only --no-psqlrc -v ON_ERROR_STOP=1' sh "$1"; }
drop() { pg sh -c 'exec dropdb --username "$POSTGRES_USER" --if-exists --force "$1"' sh "$1" </dev/null; }
create() { pg sh -c 'exec createdb --username "$POSTGRES_USER" "$1"' sh "$1" </dev/null; }
fail() { echo "$1" >&2; exit 46; }
present() { # FILE
  [ -f "$1" ] || { echo "\${1:-any backup} is not there" >&2; exit ${absent}; }
  [ -s "$1" ] || fail "$1 is empty"
}
setting() { sed -n "s/^$1=//p" "$here/.envs/.production/.backup" 2>/dev/null | tail -n 1; }
stamp() { date -u +%Y_%m_%dT%H_%M_%S; }
files() { ls -1t "$backups"/*.tar "$backups"/*.enc "$backups"/scheduled/*.enc 2>/dev/null || true; } # newest first
size() { wc -c < "$1" | tr -d ' '; }

# take DATABASE FILE
take() {
  pg sh -c ${single(takeDump)} sh "$1" "$inventory" > "$2.partial" </dev/null
  sync "$2.partial" 2>/dev/null || sync
  mv -f "$2.partial" "$2"
}

# crypt -e|-d: standard input to standard output
crypt() {
  BACKUP_KEY=$(setting BACKUP_KEY); export BACKUP_KEY
  [ -n "$BACKUP_KEY" ] || fail "BACKUP_KEY is missing in .envs/.production/.backup"
  openssl enc "$1" -aes-256-cbc -pbkdf2 -iter 200000 -salt -pass env:BACKUP_KEY
}

# unpack FILE: dump and rows into $work
unpack() {
  present "$1"
  rm -f "$work/dump" "$work/rows" "$work/sums"
  case "$1" in
    *.enc) crypt -d < "$1" > "$work/tar" 2>/dev/null || fail "$1 can't be decrypted: another key, or damaged";;
    *) cp "$1" "$work/tar";;
  esac
  tar -C "$work" -xf "$work/tar" rows dump sums 2>/dev/null || fail "$1 is damaged: it is not whole"
  (cd "$work" && cksum rows dump | cmp -s - sums) || fail "$1 is damaged: its sums are wrong"
  rm -f "$work/tar"
  pg pg_restore --list < "$work/dump" > "$work/entries" 2>/dev/null || fail "$1 is damaged: pg_restore can't read it"
  [ "$(grep -vc '^;' "$work/entries" || true)" -gt 0 ] || fail "$1 holds nothing"
}

# load DATABASE: $work/dump into a new database, compared with the inventory of its snapshot
load() {
  create "$1" || fail "the throw-away database can't be made"
  pg sh -c 'exec pg_restore --username "$POSTGRES_USER" --dbname "$1" --exit-on-error --no-owner' sh "$1" < "$work/dump" \\
    || fail "it can't be restored"
  echo "$inventory" | sql "$1" > "$work/restored"
  cmp -s "$work/rows" "$work/restored" || { diff "$work/rows" "$work/restored" >&2 || true; fail "restored, it is not the same"; }
}

# verify FILE: restored into a throw-away database; prints what it holds
verify() {
  unpack "$1"
  scratch="doge_verify_$$"
  load "$scratch"
  drop "$scratch"; scratch=
  tables=$(grep -vc '^columns ' "$work/rows" || true)
  rows=$(awk '!/^columns / { sum += $2 } END { print sum + 0 }' "$work/rows")
  [ "$tables" -gt 0 ] || fail "$1 holds no table"
  printf '{"file":"%s","bytes":%s,"tables":%s,"rows":%s}\\n' "$1" "$(size "$1")" "$tables" "$rows"
}

# upload FILE NAME: to the environment's Space, where there are keys
spaces() {
  endpoint=$(setting SPACES_ENDPOINT); id=$(setting SPACES_ACCESS_KEY_ID); secret=$(setting SPACES_SECRET_ACCESS_KEY)
  [ -n "$endpoint" ] && [ -n "$id" ] && [ -n "$secret" ]
}
s3() { # METHOD KEY BODY [curl words]: the secret goes by a file, not by argv
  # The sum of the body is part of the signature; not every curl makes it by itself.
  method=$1; key=$2; sum=$(sha256sum < "$3" | cut -d ' ' -f 1); shift 3
  printf 'user = "%s:%s"\\naws-sigv4 = "aws:amz:%s:s3"\\n' "$id" "$secret" "$(setting SPACES_REGION)" > "$work/curl"
  curl --silent --show-error --fail --config "$work/curl" --request "$method" --header "x-amz-content-sha256: $sum" "$@" "$endpoint/${project}-${environment}/$key"
}
upload() { s3 PUT "backups/$2" "$1" --upload-file "$1" >/dev/null || unreached; }
unreached() { echo "$endpoint/${project}-${environment}/backups" >&2; exit ${unreached}; }

note() { # writes what doge status and CI read
  printf '{"at":"%s","ok":%s,"offsite":%s,"detail":"%s","backup":%s}\\n' \\
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$(printf %s "$3" | tr -d '"\\\\' | tr '\\n' ' ' | cut -c1-300)" "\${4:-null}" > "$work/status"
  mv -f "$work/status" "$backups/status.json"
}

# Kept: seven days, five weeks, twelve months. Each has its place, and the next of its kind takes it.
places() {
  day=$(( $(date -u +%s) / 86400 ))
  echo "daily-$(( day % 7 ))"
  [ $(( day % 7 )) -ne 3 ] || echo "weekly-$(( day / 7 % 5 ))"
  [ "$(date -u +%d)" != 01 ] || echo "monthly-$(date -u +%m)"
}

# Apart from "scheduled", so that whatever ends it is noted.
once() {
  take "$database" "$work/new.tar"
  verify "$work/new.tar" > "$work/proof"
  last=$(sed -n 's/.*"backup":{[^}]*"rows":\\([0-9]*\\).*/\\1/p' "$backups/status.json" 2>/dev/null || true)
  now=$(sed -n 's/.*"rows":\\([0-9]*\\).*/\\1/p' "$work/proof")
  crypt -e < "$work/new.tar" > "$work/new.enc"
  for place in $(places); do
    file="$backups/scheduled/$place.tar.enc"
    cp "$work/new.enc" "$file.partial"
    mv -f "$file.partial" "$file"
    if spaces; then upload "$file" "$place.tar.enc" || fail "the upload to Spaces failed"; fi
  done
  # Of a hundred rows half may go in a day. All of them don't.
  least=$(( \${last:-0} > 100 ? last / 2 : \${last:-0} > 0 ))
  cat "$work/proof"
  [ "$now" -ge "$least" ] || fail "it holds $now rows, the last one held $last"
}

case "\${1:-}" in
  psql) trap - EXIT; rm -rf "$work"
    exec ${interactive} sh -c 'exec psql --username "$POSTGRES_USER" --dbname "\${POSTGRES_DB:-$POSTGRES_USER}"';;
  backup)
    file="$backups/backup_$(stamp).tar"
    take "$database" "$file"
    verify "$file" || { rm -f "$file"; exit 46; };;
  point) # before a migration: taken and read back, not restored
    file="$backups/backup_$(stamp).tar"
    take "$database" "$file"
    unpack "$file"
    printf '{"file":"%s","bytes":%s}\\n' "$file" "$(size "$file")";;
  verify) verify "\${2:-$(files | head -n 1)}";;
  list) files | while read -r file; do
      printf '%s\\t%s\\t%s\\n' "$file" "$(size "$file")" "$(date -u -r "$file" +%Y-%m-%dT%H:%M:%SZ)"; done;;
  restore)
    unpack "$2"
    new="doge_restored_$$"; scratch=$new
    load "$new"
    old="\${database}_before_$(stamp)"
    closed=yes
    sql template1 <<SQL
ALTER DATABASE "$database" WITH ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database' \\g /dev/null
BEGIN;
ALTER DATABASE "$database" RENAME TO "$old";
ALTER DATABASE "$new" RENAME TO "$database";
COMMIT;
SQL
    scratch=; closed=
    printf '{"restored":"%s","database":"%s","before":"%s"}\\n' "$2" "$database" "$old";;
  scheduled)
    last=$(sed -n 's/.*"backup":\\({[^}]*}\\).*/\\1/p' "$backups/status.json" 2>/dev/null || true)
    if "$here/bin/db" once > "$work/proof" 2> "$work/why"; then
      if spaces; then note true true "" "$(cat "$work/proof")"
      else note true false "no Spaces keys: it stays on the droplet" "$(cat "$work/proof")"; fi
    else
      # The next is compared with this one, or where there is none, with the one before.
      proof=$(cat "$work/proof")
      note false false "$(tail -n 3 "$work/why")" "\${proof:-$last}"; cat "$work/why" >&2; exit 46; fi;;
  once) once;;
  export) # a dump of what sanitize.sql (standard input) leaves of a copy, as base64
    cat > "$work/sanitize.sql"
    take "$database" "$work/copy.tar"; unpack "$work/copy.tar"
    scratch="doge_copy_$$"; load "$scratch"
    sql "$scratch" < "$work/sanitize.sql" >&2
    take "$scratch" "$work/clean.tar"
    base64 < "$work/clean.tar";;
  import) # what export printed, for restore
    file="$backups/copied_$(stamp).tar"
    base64 -d > "$work/copied.tar"; mv "$work/copied.tar" "$file"; verify "$file";;
  upload) # What leaves the droplet is encrypted.
    spaces || fail "no Spaces keys in .envs/.production/.backup"
    present "\${2:-}"
    name=$(basename "$2" .enc).enc; sealed=$2
    case "$2" in *.enc) ;; *) sealed="$work/sealed"; crypt -e < "$2" > "$sealed";; esac
    upload "$sealed" "$name"; echo "$name";;
  download) spaces || fail "no Spaces keys in .envs/.production/.backup"
    # As old as it is there: "newest" means taken last, not fetched last.
    s3 GET "backups/$(basename "$2")" /dev/null --remote-time --output "$backups/$(basename "$2").partial" || unreached
    mv -f "$backups/$(basename "$2").partial" "$backups/$(basename "$2")"; echo "$backups/$(basename "$2")";;
  *) echo "db backup | verify [FILE] | restore FILE | list | scheduled | upload FILE | download NAME" >&2; exit 64;;
esac
`;
}

function single(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
