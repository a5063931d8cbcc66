#!/usr/bin/env bash
# Builds init.elf and stand-in.elf; needed only when their sources change. Debian 12: gcc-powerpc64le-linux-gnu,
# gcc-powerpc64-linux-gnu (12.2).
set -euo pipefail
cd "$(dirname "$0")"

powerpc64le-linux-gnu-gcc -O2 -ffreestanding -fno-pic -fno-pie -nostdlib -static -s -fno-stack-protector -mcpu=power8 \
  -mno-vsx -mno-altivec -msoft-float -mlong-double-64 -fno-tree-loop-distribute-patterns -fno-builtin -fno-asynchronous-unwind-tables \
  -Wall -Wno-main -Wl,--build-id=none -Wl,-z,max-page-size=65536 -Wl,-z,noseparate-code -o init.elf init.c

powerpc64-linux-gnu-gcc -O2 -ffreestanding -fno-builtin -nostdlib -static -s -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
  -msoft-float -fno-tree-loop-distribute-patterns -mcpu=power8 -mno-vsx -mno-altivec -m64 -mbig-endian -mabi=elfv2 -mcmodel=small -Wall -Wno-main \
  -Wl,--build-id=none -Wl,-z,max-page-size=16 -Wl,--no-warn-rwx-segments -T stand-in.ld -o stand-in.elf stand-in.S stand-in.c
