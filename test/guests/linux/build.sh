#!/usr/bin/env bash
# Builds init.elf; needed only when init.c changes. Debian 12: gcc-powerpc64le-linux-gnu (12.2).
set -euo pipefail
cd "$(dirname "$0")"

powerpc64le-linux-gnu-gcc -O2 -ffreestanding -fno-pic -fno-pie -nostdlib -static -s -fno-stack-protector -mcpu=power8 \
  -mno-vsx -mno-altivec -msoft-float -mlong-double-64 -fno-tree-loop-distribute-patterns -fno-builtin -fno-asynchronous-unwind-tables \
  -Wall -Wno-main -Wl,--build-id=none -Wl,-z,max-page-size=65536 -Wl,-z,noseparate-code -o init.elf init.c
