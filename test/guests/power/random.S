/*
 * Runs cases of the random instruction tester (src/power/random.ts draws them) one after the other: all registers from
 * a record, the case's instructions, all registers back into the record. Every case ends with an interrupt, `sc` if no
 * other came first, so it leaves whatever mode it ran in. Big-endian, real mode; 32-bit or 64-bit by the compiler.
 *
 *   HEADER   u64 count | u64 address of the records
 *   record   0 gpr[32] | 256 cr | 264 xer | 272 lr | 280 ctr | 288 vector | 296 srr0 | 304 srr1 | 312 dar | 320 dsisr
 *            328 msr to start with | 336 address of the instructions | 384 256 bytes of memory for the case    640 bytes
 *            with FLOAT also: 640 fpscr | 656 vscr | 672 vsr[64], or fpr[32] on 32-bit CPUs                    1696 bytes
 *
 * SPRG0: the record; SPRG1: r31; SPRG2: the vector; SPRG3: how many are left.
 */
#ifdef __powerpc64__
#define LOAD ld
#define STORE std
#define COMPARE cmpdi
#define AT(offset) offset
#define RETURN rfid
#else
#define LOAD lwz
#define STORE stw
#define COMPARE cmpwi
#define AT(offset) ((offset) + 4)
#define RETURN rfi
#endif
#define HEADER 0x8000
#ifdef FLOAT
#define SIZE 1696
#else
#define SIZE 640
#endif

    .section .head,"ax"
    .globl _start
    .macro vector at
    .org \at
    mtspr 273,31
    li 31,\at
    b common
    .endm

#ifdef __powerpc64__
    .org 0x100
_start:
    b start
#endif
    .irp at,0x200,0x300,0x380,0x400,0x480,0x500,0x600,0x700,0x800,0x900,0x980,0xa00,0xc00,0xd00,0xe40,0xf00,0xf20,0xf40,0xf60
    vector \at
    .endr

    .org 0x1100
#ifndef __powerpc64__
_start:
#endif
start:
#ifdef __powerpc64__
    li 0,1                      /* pseries enters in 32-bit mode */
    sldi 0,0,63
    mfmsr 4
    or 0,0,4
    mtmsrd 0
    isync
#else
    li 0,0x1000                 /* ME; vectors at 0 */
    mtmsr 0
    isync
#endif
    li 3,HEADER@l
    rlwinm 3,3,0,16,31
    LOAD 4,AT(0)(3)
    mtspr 275,4
    LOAD 4,AT(8)(3)
    mtspr 272,4
next:
    mfspr 31,275
    COMPARE 31,0
    beq end
    addi 31,31,-1
    mtspr 275,31
    mfspr 31,272
    LOAD 0,AT(256)(31)
    mtcr 0
    LOAD 0,AT(264)(31)
    mtspr 1,0
    LOAD 0,AT(272)(31)
    mtlr 0
    LOAD 0,AT(280)(31)
    mtctr 0
    LOAD 0,AT(328)(31)
    mtspr 27,0
    LOAD 0,AT(336)(31)
    mtspr 26,0
#ifdef FLOAT
    bl facilities
    lfd 0,640(31)
    bl load_status
    addi 30,31,672
#ifdef __powerpc64__
    addi 29,31,656
    lvx 0,0,29
    mtvscr 0
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
    lxvd2x \r,0,30
    addi 30,30,16
    .endr
#else
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lfd \r,8*\r(30)
    .endr
#endif
    LOAD 0,AT(272)(31)
    mtlr 0
#endif
    li 0,0
    mtspr 18,0
    mtspr 19,0
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    LOAD \r,AT(8*\r)(31)
    .endr
    RETURN

common:
    mtspr 274,31
    mfspr 31,272
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    STORE \r,AT(8*\r)(31)
    .endr
    mfspr 0,273
    STORE 0,AT(8*31)(31)
    mfcr 0
    STORE 0,AT(256)(31)
    mfspr 0,1
    STORE 0,AT(264)(31)
    mflr 0
    STORE 0,AT(272)(31)
    mfctr 0
    STORE 0,AT(280)(31)
    mfspr 0,274
    STORE 0,AT(288)(31)
    mfspr 0,26
    STORE 0,AT(296)(31)
    mfspr 0,27
    STORE 0,AT(304)(31)
    mfspr 0,19
    STORE 0,AT(312)(31)
    mfspr 0,18
    STORE 0,AT(320)(31)
#ifdef FLOAT
    bl facilities
    addi 30,31,672
#ifdef __powerpc64__
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
    stxvd2x \r,0,30
    addi 30,30,16
    .endr
    mfvscr 0
    addi 29,31,656
    stvx 0,0,29
#else
    .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stfd \r,8*\r(30)
    .endr
#endif
    mffs 0
    stfd 0,640(31)
#endif
    addi 31,31,SIZE
    mtspr 272,31
#ifndef __powerpc64__
    li 0,0x1000
    mtmsr 0
#endif
    b next

#ifdef FLOAT
facilities:                     /* turns on what there is */
    mfmsr 30
#ifdef __powerpc64__
    oris 30,30,0x0280
    ori 30,30,0x2000
    mtmsrd 30
#else
    ori 30,30,0x2000
    mtmsr 30
#endif
    isync
    blr
load_status:
#ifdef __powerpc64__
    mtfsf 255,0,1,0
#else
    mtfsf 255,0
#endif
    blr
#endif

end:                            /* prints a dot and stops in a branch to itself */
#ifdef __powerpc64__
    li 3,0x58
    lis 4,0x7100
    li 5,1
    li 6,0x2e
    sldi 6,6,56
    li 7,0
    sc 1
#else
    lis 3,0x8000
    li 4,0x2e
    stb 4,0x3f8(3)
    eieio
#endif
1:  b 1b
