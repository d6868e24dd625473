#!/bin/sh
# The first process of a node's new namespaces: it makes its root and becomes what reaps orphans there.
set -eu
# The proc file system is still the host's, so what it says of this process is its number on the host.
read -r host_pid _ < /proc/self/stat
hostname "$NAME"
mount --make-rprivate /
mkdir -p "$FOLDER/root" "$FOLDER/var" "$FOLDER/etc"
mount --bind "$IMAGE" "$FOLDER/root"
cd "$FOLDER/root"
mount -o remount,bind,ro "$FOLDER/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount --bind "$FOLDER/var" var
mount --bind "$FOLDER/etc" etc/kubernetes
mount --bind "$BINARIES" opt/webtier
mount -o remount,bind,ro opt/webtier
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
if [ -n "$NEIGHBOURS" ]; then mkdir -p var/lib/machines; mount --bind "$NEIGHBOURS" var/lib/machines; fi
mkdir run/host
pivot_root . run/host
cd /
umount -l /run/host
rmdir /run/host
mount --make-rshared /
ip link set lo up
echo "$host_pid" > /var/lib/boot.partial
mv /var/lib/boot.partial /var/lib/boot
exec dumb-init -- sleep infinity
