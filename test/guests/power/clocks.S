/* 64-bit, big-endian, real mode, pseries: the decrementer's interrupts run clocks.c, the rest of the time is idle. */
    .section .head,"ax"
    .globl _start
    .org 0x100
_start:
    b start_c
    .org 0x900
    bl frame
    bl dec_interrupt
    rfid                  /* SRR0, SRR1 are as they were: nothing above interrupts */
    .org 0x1000
start_c:
    li 0,1                /* pseries enters with MSR[SF]=0: switch to 64-bit mode */
    sldi 0,0,63
    mfmsr 4
    or 0,0,4
    mtmsrd 0
    isync
    bl frame
    bl cmain
    mfmsr 3
    ori 3,3,0x8000        /* EE */
    mtmsrd 3,1
idle:
    b idle                /* has no registers to keep, so an interrupt saves none */
frame:
    lis 1,(stack+32704)@ha
    addi 1,1,(stack+32704)@l
    lis 2,.TOC.@ha
    addi 2,2,.TOC.@l
    li 0,0
    stdu 0,-64(1)
    blr
    .globl hcall
hcall:                    /* r3 = token, r4.. = args */
    sc 1
    blr
