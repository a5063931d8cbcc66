/* Entered as Linux is without firmware: at 0x400000, big-endian, 32-bit mode, r3 the device tree, r4 where it stands, r5 0.
   Moves itself to 0, where interrupts come to, and stays in real mode. Interrupts come in while it has ceded its CPU and
   nowhere else: they say which one it was, and go back with interrupts off. */
    .section .head,"ax"
    .globl _start
_start:
    li 0,1
    sldi 0,0,63
    mfmsr 6
    or 0,0,6
    mtmsrd 0
    isync
    mr 31,3
    mr 30,4
    mr 29,5
    lis 7,(__end+7)@ha
    addi 7,7,(__end+7)@l
    srdi 7,7,3
    mtctr 7
    addi 8,4,-8
    li 9,-8
1:  ldu 10,8(8)
    stdu 10,8(9)
    dcbst 0,9
    sync
    icbi 0,9
    bdnz 1b
    sync
    isync
    lis 7,moved@ha
    addi 7,7,moved@l
    mtctr 7
    bctr
    .org 0x500
    mtsprg 0,3
    li 3,1
    b note
    .org 0x900
    mtsprg 0,3
    li 3,2
    b note
    .org 0x1000
note:
    mtsprg 1,4
    mtsprg 2,5
    lis 4,happened@ha
    lwz 5,happened@l(4)
    or 5,5,3
    stw 5,happened@l(4)
    mfsrr1 3
    rldicl 3,3,48,1       /* EE off */
    rotldi 3,3,16
    mtsrr1 3
    mfsprg 3,0
    mfsprg 4,1
    mfsprg 5,2
    rfid
moved:
    lis 1,(stack+32704)@ha
    addi 1,1,(stack+32704)@l
    lis 2,.TOC.@ha
    addi 2,2,.TOC.@l
    li 0,0
    stdu 0,-64(1)
    mr 3,31
    mr 4,30
    mr 5,29
    bl cmain
2:  b 2b
    .globl hcall
hcall:                    /* r3 = token, r4.. = args; what r4 to r6 are afterwards is in returned */
    sc 1
    lis 7,returned@ha
    addi 7,7,returned@l
    std 4,0(7)
    std 5,8(7)
    std 6,16(7)
    blr
