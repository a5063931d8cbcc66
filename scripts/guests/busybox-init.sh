#!/bin/sh
# The first process of the guest `busybox`: file systems, then the commands that the kernel's command line
# has as do="...", or a shell on the console; off when they end.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
export PS1='# ' HOME=/root
cd /root
if [ "$do" ]; then sh -c "$do"; else setsid cttyhack sh; fi
poweroff -f
