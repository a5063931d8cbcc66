#!/usr/bin/env bash
# Builds the programs of this folder; needed only when their sources change. Debian 12: gcc-powerpc-linux-gnu,
# gcc-powerpc64-linux-gnu (12.2). Names: b32 and b64 are the programs of bench.c by mode.
set -euo pipefail
cd "$(dirname "$0")"

common=(-O2 -ffreestanding -fno-pic -fno-pie -nostdlib -fno-stack-protector -fno-tree-loop-distribute-patterns
  -msoft-float -mno-altivec -Wall -Wno-unused-function -Wno-unused-variable -Wno-maybe-uninitialized
  -static -s -Wl,--build-id=none -Wl,-z,max-page-size=16 -Wl,--no-warn-rwx-segments -T link.ld)
cc32() { powerpc-linux-gnu-gcc "${common[@]}" -mcpu=604 -m32 -mbig -DUART=0x800003f8 "$@"; }
cc64() { powerpc64-linux-gnu-gcc "${common[@]}" -mcpu=power8 -mno-vsx -m64 -mbig-endian -mabi=elfv2 -mcmodel=small "$@"; }

both() {
  local name=$1
  shift
  cc32 "$@" -o "b32-$name.elf" start32.S bench.c
  cc64 "$@" -o "b64-$name.elf" start64.S bench.c
}

mode=0
for name in crc xorsum sieve sort alu mftb mftb64 mono decrw; do
  both "$name" -DMODE=$mode
  mode=$((mode + 1))
done
both dec-imm -DMODE=9 -DDEC_D=-1 -DDEC_N=300000
both dec-p1000 -DMODE=9 -DDEC_D=1000 -DDEC_N=20000
cc32 -DMODE=10 -DTICKS=5000000 -o b32-tick.elf start32.S bench.c
cc64 -DMODE=10 -DTICKS=25600000 -o b64-tick.elf start64.S bench.c

cc32 -o b32-random.elf random.S
cc64 -o b64-random.elf random.S
cc64 -o b64-clocks.elf clocks.S clocks.c
cc64 -o b64-smp.elf smp.S smp.c
cc32 -DFLOAT -mhard-float -o b32-float.elf random.S
cc64 -DFLOAT -mcpu=power9 -maltivec -mvsx -o b64-float.elf random.S
cc64 -DMEBIBYTES=4ul -o b64-radix-4.elf start64.S radix.c
cc64 -DMEBIBYTES=64ul -o b64-radix-64.elf start64.S radix.c
cc64 -o b64-idle.elf clocks.S idle.c
