#!/bin/busybox sh
# tests/lab/init.sh - the guest's /init: modules, the host's file system under an overlay, then
# the real work in tests/lab/guest.
#
# The host's root comes in read-only over 9p and gets a tmpfs on top: the guest sees the whole
# userland, freshly built binaries and installed peers included, and can change nothing of it.
# The share "out" is the one place where results survive; it is mounted at the path that it has
# on the host, so that scripts need not know where they run.

/bin/busybox --install -s /bin
export PATH=/bin

die() {
	echo "lab init: $*"
	echo o > /proc/sysrq-trigger
	sleep 60
}

mkdir -p /proc /sys /dev /ro /rw /out /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

while read -r module; do
	insmod "/modules/$module" || die "cannot load $module"
done < /modules/order

if grep -q lab.proof /proc/cmdline; then	# boot only asked whether an accelerator works
	echo lab-proof-ok
	echo o > /proc/sysrq-trigger
	sleep 60
fi

over_9p=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o "$over_9p,cache=loose,ro" root /ro || die "no root share"
mount -t tmpfs -o mode=755 tmpfs /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/ro,upperdir=/rw/upper,workdir=/rw/work overlay /root || die "no overlay"
mount -t 9p -o "$over_9p,cache=none" out /out || die "no out share"

out=$(cat /out/.where)
guest=$(cat /out/.guest)
mkdir -p /root/proc /root/sys /root/dev /root/run "/root$out"
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
mkdir -p /root/dev/shm /root/dev/pts
ln -s /proc/self/fd /root/dev/fd
ln -s /proc/self/fd/0 /root/dev/stdin
ln -s /proc/self/fd/1 /root/dev/stdout
ln -s /proc/self/fd/2 /root/dev/stderr
mount -t tmpfs tmpfs /root/dev/shm
mount -t devpts devpts /root/dev/pts
mount -t tmpfs -o mode=755 tmpfs /root/run
mount --move /out "/root$out" || die "no place for results: $out"
exec switch_root /root /bin/bash "$guest" "$out"
