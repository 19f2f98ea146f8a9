# Boots one droplet: own network, mounts, processes, name and cgroups, systemd as its first process.
# boot.sh NAME FOLDER ROOTFS. Its disk (FOLDER/disk) is mounted there already; killing it is a power cut.
set -eu
export NAME=$1 FOLDER=$2 ROOTFS=$3
exec nsenter --net="/run/netns/doge-$NAME" \
  unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private bash -ceu '
disk=$FOLDER/disk root=$FOLDER/root
mount -o loop "$FOLDER/disk.img" "$disk"
mkdir -p "$disk"/{upper,work,docker,containerd} "$root"
mount -t overlay overlay -o "lowerdir=$ROOTFS,upperdir=$disk/upper,workdir=$disk/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"

# The droplet sees its own part of each cgroup hierarchy as the whole.
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
while IFS=: read -r _ controllers _; do
  case $controllers in
    "") name=unified type=cgroup2 options=rw ;;
    name=*) name=${controllers#name=} type=cgroup options=none,$controllers ;;
    *) name=$controllers type=cgroup options=$controllers ;;
  esac
  mkdir -p "$root/sys/fs/cgroup/$name"
  mount -t "$type" -o "$options" cgroup "$root/sys/fs/cgroup/$name" || rmdir "$root/sys/fs/cgroup/$name"
done < /proc/self/cgroup

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${n%:*}" "$root/dev/${n#*:}"; done
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# The images of an engine can not lie on the overlay itself.
mkdir -p "$root"/var/lib/{docker,containerd}
mount --bind "$disk/docker" "$root/var/lib/docker"
mount --bind "$disk/containerd" "$root/var/lib/containerd"

hostname "$NAME"
cd "$root"
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=doge-hosts \
  /sbin/init systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
'
