import { shellScript } from "./quote.ts";

/** Where a droplet's cloud-init puts `giveWayProgram`; the deploy user may run it as root. */
export const giveWayPath = "/usr/local/sbin/doge-give-way";

/**
 * Lets what starts give way to what serves: a weight alone can't, since a core on which a starting app runs is busy to the
 * kernel, and who wakes up there waits for the end of its slice. Docker has no setting for the scheduling class, so that it is
 * set from outside, as root. What a container's weight says decides: nothing is kept in the container, which starts as
 * usual when it is restarted. Weights are those of cgroup v2, or shares where there is v1 still.
 */
export const giveWayProgram = `#!/bin/bash
# doge-give-way SECONDS: containers that start from now on with less than the usual weight of a group are of the scheduling
# class idle until their weight is the usual one. Returns at once; what watches them ends with the last, or after SECONDS.
set -u
if ! [[ \${1-} =~ ^[0-9]{1,5}$ ]]; then echo "usage: doge-give-way SECONDS" >&2; exit 64; fi
shopt -s nullglob
scopes() { groups=(/sys/fs/cgroup/system.slice/docker-*.scope /sys/fs/cgroup/cpu/system.slice/docker-*.scope); }
if [ "\${2-}" != watch ]; then
  scopes
  exec systemd-run --quiet --collect --property="RuntimeMaxSec=$(($1 + 60))" "$0" "$1" watch "\${groups[@]}"
fi

# What a group's processes are asked to be, and how often still: one that begins meanwhile can be missed the first time.
declare -A before class passes
end=$1
shift 2
for group in "$@"; do before[$group]=1; done

# A loop without a process for each pause: this never gives a line.
exec {never}<> <(:)

light() {
  local weight
  if { read -r weight < "$1/cpu.weight"; } 2> /dev/null; then [ "$weight" -lt 100 ]
  elif { read -r weight < "$1/cpu.shares"; } 2> /dev/null; then [ "$weight" -lt 1024 ]
  else return 1; fi
}
become() {
  local processes process
  { mapfile -t processes < "$1/cgroup.procs"; } 2> /dev/null || return 0
  for process in "\${processes[@]}"; do chrt "--$2" --all-tasks --pid 0 "$process" 2> /dev/null; done
}
restore() { for group in "\${!class[@]}"; do become "$group" other; become "$group" other; done; }
trap restore EXIT
trap 'exit 0' TERM INT

seen=
while [ "$SECONDS" -lt "$end" ]; do
  scopes
  for group in "\${groups[@]}"; do
    if [ -n "\${before[$group]-}" ]; then continue; fi
    if light "$group"; then want=idle; elif [ -n "\${class[$group]-}" ]; then want=other; else continue; fi
    seen=1
    if [ "\${class[$group]-}" != $want ]; then class[$group]=$want passes[$group]=3; fi
    if [ "\${passes[$group]}" -gt 0 ]; then
      become "$group" $want
      passes[$group]=$((passes[$group] - 1))
    elif [ $want = other ]; then
      unset "class[$group]"
    fi
  done
  for group in "\${!class[@]}"; do if ! [ -d "$group" ]; then unset "class[$group]"; fi; done
  if [ -n "$seen" ] && [ "\${#class[@]}" = 0 ]; then break; fi
  read -r -t 0.02 -u "$never"
done
exit 0
`;

/**
 * Argv that has containers which start within these seconds, with a weight below the usual, give way; it does not wait for
 * them. A droplet that was set up before there was such a program has none: then they only weigh less.
 */
export const giveWay = (seconds: number): readonly string[] =>
  shellScript('if [ -x "$1" ]; then sudo -n "$1" "$2"; fi', giveWayPath, String(Math.ceil(seconds)));
