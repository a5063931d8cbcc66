/*
 * 64-bit, big-endian, real mode, pseries: each vCPU's decrementer interrupts into smp.c, with a stack of its own; the rest
 * of the time it counts down from `cpu` * 20000 and cedes. SPRG0 has the vCPU's stack, SPRG1 its number.
 */
    .section .head,"ax"
    .globl _start
    .org 0x100
_start:
    b start_c
    .org 0x900
    mfspr 1,272
    mfspr 3,273
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
    li 3,0
    bl enter
    bl cmain
    b idle
    .globl secondary
secondary:                /* r3 = number */
    bl enter
    bl vcpu_main
idle:                     /* what an interrupt may take: all but r14, cr2 */
    mfmsr 3
    ori 3,3,0x8000        /* EE */
    mtmsrd 3,1
again:
    mfspr 3,273
    mulli 14,3,20000
1:  addi 14,14,-1
    cmpdi 2,14,0
    bgt 2,1b
    li 3,0xe0             /* H_CEDE */
    sc 1
    b again
enter:                    /* r3 = number, which stays */
    mtspr 273,3
    addi 5,3,1
    mulli 5,5,8192
    lis 1,stacks@ha
    addi 1,1,stacks@l
    add 1,1,5
    mtspr 272,1
frame:
    lis 2,.TOC.@ha
    addi 2,2,.TOC.@l
    li 0,0
    stdu 0,-64(1)
    blr
    .globl hcall
hcall:                    /* r3 = token, r4.. = args */
    sc 1
    blr
    .globl work
work:                     /* r3 rounds */
    mtctr 3
1:  addi 4,4,1
    bdnz 1b
    blr
