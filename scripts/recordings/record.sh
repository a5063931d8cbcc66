#!/bin/sh
# Writes a recording for `chronovisor replay` (docs/replay.md), run in dom0 of a Xen host as root. The guest is asked by
# ssh; it needs python3. The host's system time is dom0's own CLOCK_BOOTTIME, which differs from Xen's by a constant.
#
#   record.sh begin  DOMAIN GUEST pv > guest.rec     the head and the first sample; pvh for a PVH guest
#   record.sh sample GUEST         >> guest.rec      another sample, as often as you like
#   xl save DOMAIN guest.xl && xl restore guest.xl
#   record.sh event  GUEST save-restore >> guest.rec the event, on the same host; migrate after an `xl migrate`
#   record.sh sample GUEST         >> guest.rec
#
# After a reboot, or on another host, write `host name=…` (see host below) by hand and name it in the event.
set -eu

now() { python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_BOOTTIME))'; }
wall() { python3 -c 'import time; print(time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME))'; }

# name, error of the wall clock: dom0 tells Xen the time of its last tick
host() {
  khz=$(xl info | awk -F: '/^cpu_mhz/ { printf "%d", $2 * 1000 }')
  echo "host name=$1 tsc_khz=$khz wall=$(wall) wall_error=10000000"
}

# One clock at a time, each between two readings of the host's.
sample() {
  for clock in monotonic_raw monotonic boottime realtime; do
    name=CLOCK_$(echo "$clock" | tr a-z A-Z)
    from=$(now)
    ns=$(ssh -n "$1" "python3 -c 'import time; print(time.clock_gettime_ns(time.$name))'")
    echo "clock $clock=$ns now=$from..$(now)"
  done
}

# tsc_mode and frequency of the domain, as `xl debug-keys s` prints them to Xen's own log
domain() {
  id=$(xl domid "$1")
  xl debug-keys s
  xl dmesg | grep "dom$id[(:]" | tail -n 1 | tr ' ,' '\n\n' |
    awk -F= '$1 == "mode" { printf "tsc_mode=%s ", $2 } $1 == "khz" { printf "tsc_khz=%s ", $2 }'
}

case "${1:-}" in
  begin)
    echo 'recording 1'
    echo "title $2: recorded by record.sh on $(uname -n)"
    host here
    echo "guest on=here kind=$4 $(domain "$2")"
    sample "$3"
    ;;
  sample) sample "$2" ;;
  event)
    echo "event kind=$3 to=here error=10000000"
    sample "$2"
    ;;
  *)
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
