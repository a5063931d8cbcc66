/**
 * The Power instructions that the CPU knows, as one table. It feeds the core's decoder (scripts/power-tables.ts writes
 * assembly/power-cpu/tables.ts from it), the disassembler, the random instruction tester and docs/power-cpu.md.
 *
 *   name      the mnemonic without `o` and `.`
 *   code      primary opcode, or primary/extended
 *   form      where the extended opcode lies, and what it leaves free (Power ISA 3.0B, Book I, 1.6)
 *   operands  as the assembler writes them; the disassembler reads this column
 *   class     the instruction's class in the cost model
 *   slot      how the decoder fills the slot (assembly/power-cpu/decode.ts), and
 *   does      the handler: an upper-case name is a case of the interpreter's own loop; arith, mem and sys are the
 *             handlers out of line, one switch a file, which get the instruction word; so are those of FACILITY_FILES
 *             (tables.ts), which one case of the loop sends on
 *   flags     o has an OE form · . has an Rc form · 64 not on 32-bit CPUs · 32 only on 32-bit CPUs · p privileged
 *             t time: may read or move the clock · 3 since ISA 2.03, so not on the classic CPU · fp, vec, vsx and the
 *             others of FACILITIES: which facility has to be on
 *
 * Floating point is in table-float.ts, vectors are in table-vector.ts and table-vsx.ts. A code of three numbers has the
 * third in the field of RA.
 *
 * Source: Power ISA 3.0B; for the classic CPU the Programming Environments Manual for 32-bit implementations.
 */
import type { CostClass } from './costs.js'
import { FLOAT_TABLE } from './table-float.js'
import { VECTOR_TABLE } from './table-vector.js'
import { VSX_TABLE } from './table-vsx.js'

const TABLE = `
# name      code     form  operands        class     slot       does      flags
tdi         2        D     TO,RA,SI        trap      raw        arith     64
twi         3        D     TO,RA,SI        trap      raw        arith
mulli       7        D     RT,RA,SI        multiply  t_a_si     MULLI
subfic      8        D     RT,RA,SI        integer   t_a_si     SUBFIC
cmpli       10       D     BF,L,RA,UI      integer   bf_a_ui    CMPLWI
cmpi        11       D     BF,L,RA,SI      integer   bf_a_si    CMPWI
addic       12       D     RT,RA,SI        integer   t_a_si     ADDIC
addic.      13       D     RT,RA,SI        integer   t_a_si     ADDIC_RC
addi        14       D     RT,RA0,SI       integer   t_a0_si    ADDI
addis       15       D     RT,RA0,SI       integer   t_a0_sis   ADDI
bc          16       B     BO,BI,BD        branch    bc         BC
scv         17/1     SC    LEV             system    raw        sys       64,3
sc          17/2     SC    LEV             system    raw        sys
b           18       I     LI              branch    b          B
rlwimi      20       M     RA,RS,SH,MB,ME  rotate    a_s_sh_m   RLWIMI    .
rlwinm      21       M     RA,RS,SH,MB,ME  rotate    a_s_sh_m   RLWINM    .
rlwnm       23       M     RA,RS,RB,MB,ME  rotate    raw        arith     .
ori         24       D     RA,RS,UI        integer   a_s_ui     ORI
oris        25       D     RA,RS,UI        integer   a_s_uis    ORI
xori        26       D     RA,RS,UI        integer   a_s_ui     XORI
xoris       27       D     RA,RS,UI        integer   a_s_uis    XORI
andi.       28       D     RA,RS,UI        integer   a_s_ui     ANDI
andis.      29       D     RA,RS,UI        integer   a_s_uis    ANDI
lwz         32       D     RT,D(RA0)       load      t_a0_si    LWZ
lwzu        33       D     RT,D(RA)        load      t_a_si     LWZU
lbz         34       D     RT,D(RA0)       load      t_a0_si    LBZ
lbzu        35       D     RT,D(RA)        load      t_a_si     LBZU
stw         36       D     RS,D(RA0)       store     t_a0_si    STW
stwu        37       D     RS,D(RA)        store     t_a_si     STWU
stb         38       D     RS,D(RA0)       store     t_a0_si    STB
stbu        39       D     RS,D(RA)        store     t_a_si     STBU
lhz         40       D     RT,D(RA0)       load      t_a0_si    LHZ
lhzu        41       D     RT,D(RA)        load      t_a_si     LHZU
lha         42       D     RT,D(RA0)       load      t_a0_si    LHA
lhau        43       D     RT,D(RA)        load      t_a_si     LHAU
sth         44       D     RS,D(RA0)       store     t_a0_si    STH
sthu        45       D     RS,D(RA)        store     t_a_si     STHU
lmw         46       D     RT,D(RA0)       multiple  raw        mem
stmw        47       D     RS,D(RA0)       multiple  raw        mem
lq          56       DQ    RTp,DQ(RA0)     load      raw        mem       64,3
ld          58/0     DS    RT,DS(RA0)      load      t_a0_ds    LD        64
ldu         58/1     DS    RT,DS(RA)       load      t_a_ds     LDU       64
lwa         58/2     DS    RT,DS(RA0)      load      t_a0_ds    LWA       64
std         62/0     DS    RS,DS(RA0)      store     t_a0_ds    STD       64
stdu        62/1     DS    RS,DS(RA)       store     t_a_ds     STDU      64
stq         62/2     DS    RSp,DS(RA0)     store     raw        mem       64,3
maddhd      4/48     VA    RT,RA,RB,RC     multiply  raw        arith     64,3
maddhdu     4/49     VA    RT,RA,RB,RC     multiply  raw        arith     64,3
maddld      4/51     VA    RT,RA,RB,RC     multiply  raw        arith     64,3
rldicl      30/0     MD    RA,RS,SH6,MB6   rotate    a_s_sh6_m  RLDICL    64,.
rldicr      30/1     MD    RA,RS,SH6,MB6   rotate    a_s_sh6_m  RLDICR    64,.
rldic       30/2     MD    RA,RS,SH6,MB6   rotate    a_s_sh6_m  RLDIC     64,.
rldimi      30/3     MD    RA,RS,SH6,MB6   rotate    a_s_sh6_m  RLDIMI    64,.
rldcl       30/8     MDS   RA,RS,RB,MB6    rotate    raw        arith     64,.
rldcr       30/9     MDS   RA,RS,RB,MB6    rotate    raw        arith     64,.
mcrf        19/0     XL    BF,BFA          cr        raw        arith
addpcis     19/2     DX    RT,DX           integer   raw        sys       64,3
bclr        19/16    XL    BO,BI,BH        branch    bclr       BLR
rfid        19/18    XL    -               system    raw        sys       64,p
crnor       19/33    XL    BT,BA,BB        cr        raw        arith
rfi         19/50    XL    -               system    raw        sys       32,p
rfscv       19/82    XL    -               system    raw        sys       64,3,p
crandc      19/129   XL    BT,BA,BB        cr        raw        arith
isync       19/150   XL    -               sync      raw        NOP
crxor       19/193   XL    BT,BA,BB        cr        raw        arith
crnand      19/225   XL    BT,BA,BB        cr        raw        arith
crand       19/257   XL    BT,BA,BB        cr        raw        arith
hrfid       19/274   XL    -               system    raw        sys       64,p
creqv       19/289   XL    BT,BA,BB        cr        raw        arith
stop        19/370   XL    -               system    raw        sys       64,3,p
crorc       19/417   XL    BT,BA,BB        cr        raw        arith
cror        19/449   XL    BT,BA,BB        cr        raw        arith
bcctr       19/528   XL    BO,BI,BH        branch    bcctr      BCTR
bctar       19/560   XL    BO,BI,BH        branch    bctar      BC_REG    64,3
cmp         31/0     X     BF,L,RA,RB      integer   bf_a_b     CMPW
tw          31/4     X     TO,RA,RB        trap      raw        arith
subfc       31/8     XO    RT,RA,RB        integer   t_a_b      SUBFC     o,.
mulhdu      31/9     XO    RT,RA,RB        multiply  raw        arith     64,.
addc        31/10    XO    RT,RA,RB        integer   t_a_b      ADDC      o,.
mulhwu      31/11    XO    RT,RA,RB        multiply  t_a_b      MULHWU    .
isel        31/15    A     RT,RA0,RB,BC    integer   isel       ISEL      3
mfcr        31/19    XFX   RT,FXM          cr        mfcr       arith
lwarx       31/20    X     RT,RA0,RB       reserve   raw        mem
ldx         31/21    X     RT,RA0,RB       load      t_a0_b     LDX       64
icbt        31/22    X     CT,RA0,RB       cache     raw        NOP       3
lwzx        31/23    X     RT,RA0,RB       load      t_a0_b     LWZX
slw         31/24    X     RA,RS,RB        rotate    a_s_b      SLW       .
cntlzw      31/26    X     RA,RS           integer   a_s        CNTLZW    .
sld         31/27    X     RA,RS,RB        rotate    a_s_b      SLD       64,.
and         31/28    X     RA,RS,RB        integer   a_s_b      AND       .
cmpl        31/32    X     BF,L,RA,RB      integer   bf_a_b     CMPLW
subf        31/40    XO    RT,RA,RB        integer   t_a_b      SUBF      o,.
ldux        31/53    X     RT,RA,RB        load      raw        mem       64
dcbst       31/54    X     RA0,RB          cache     raw        mem
lwzux       31/55    X     RT,RA,RB        load      raw        mem
cntlzd      31/58    X     RA,RS           integer   a_s        CNTLZD    64,.
andc        31/60    X     RA,RS,RB        integer   a_s_b      ANDC      .
wait        31/30    X     -               system    raw        sys       3
td          31/68    X     TO,RA,RB        trap      raw        arith     64
mulhd       31/73    XO    RT,RA,RB        multiply  raw        arith     64,.
mulhw       31/75    XO    RT,RA,RB        multiply  raw        arith     .
mfmsr       31/83    X     RT              system    raw        sys       p
ldarx       31/84    X     RT,RA0,RB       reserve   raw        mem       64
dcbf        31/86    X     RA0,RB          cache     raw        mem
lbzx        31/87    X     RT,RA0,RB       load      t_a0_b     LBZX
neg         31/104   XO    RT,RA           integer   t_a_b      NEG       o,.
lbarx       31/52    X     RT,RA0,RB       reserve   raw        mem       3
lbzux       31/119   X     RT,RA,RB        load      t_a_b      LBZUX
popcntb     31/122   X     RA,RS           integer   raw        arith     3
nor         31/124   X     RA,RS,RB        integer   a_s_b      NOR       .
lharx       31/116   X     RT,RA0,RB       reserve   raw        mem       3
subfe       31/136   XO    RT,RA,RB        integer   t_a_b      SUBFE     o,.
adde        31/138   XO    RT,RA,RB        integer   t_a_b      ADDE      o,.
mtcrf       31/144   XFX   FXM,RS          cr        mtcrf      arith
mtmsr       31/146   X     RS,L            system    raw        sys       p
stdx        31/149   X     RS,RA0,RB       store     t_a0_b     STDX      64
stwcx.      31/150   X     RS,RA0,RB       reserve   raw        mem
stwx        31/151   X     RS,RA0,RB       store     t_a0_b     STWX
prtyw       31/154   X     RA,RS           integer   raw        arith     3
setb        31/128   X     RT,BFA          cr        raw        arith     64,3
addex       31/170   Z23   RT,RA,RB,CY     integer   raw        arith     64,3
mtmsrd      31/178   X     RS,L            system    mtmsrd     sys       64,p
stdux       31/181   X     RS,RA,RB        store     raw        mem       64
stwux       31/183   X     RS,RA,RB        store     raw        mem
prtyd       31/186   X     RA,RS           integer   raw        arith     64,3
cmprb       31/192   X     BF,L,RA,RB      integer   raw        arith     64,3
subfze      31/200   XO    RT,RA           integer   t_a_b      SUBFZE    o,.
addze       31/202   XO    RT,RA           integer   t_a_b      ADDZE     o,.
mtsr        31/210   X     SR,RS           system    raw        sys       32,p
stdcx.      31/214   X     RS,RA0,RB       reserve   raw        mem       64
stbx        31/215   X     RS,RA0,RB       store     t_a0_b     STBX
cmpeqb      31/224   X     BF,RA,RB        integer   raw        arith     64,3
subfme      31/232   XO    RT,RA           integer   t_a_b      SUBFME    o,.
mulld       31/233   XO    RT,RA,RB        multiply  t_a_b      MULLD     64,o,.
addme       31/234   XO    RT,RA           integer   t_a_b      ADDME     o,.
mullw       31/235   XO    RT,RA,RB        multiply  t_a_b      MULLW     o,.
mtsrin      31/242   X     RS,RB           system    raw        sys       32,p
dcbtst      31/246   X     RA0,RB          cache     raw        NOP
stbux       31/247   X     RS,RA,RB        store     t_a_b      STBUX
bpermd      31/252   X     RA,RS,RB        integer   raw        arith     64,3
modud       31/265   X     RT,RA,RB        divide    raw        arith     64,3
add         31/266   XO    RT,RA,RB        integer   t_a_b      ADD       o,.
moduw       31/267   X     RT,RA,RB        divide    raw        arith     64,3
tlbiel      31/274   X     RB,RS,RIC,PRS,R system    raw        sys       64,p
lqarx       31/276   X     RTp,RA0,RB      reserve   raw        mem       64,3
dcbt        31/278   X     RA0,RB          cache     raw        NOP
lhzx        31/279   X     RT,RA0,RB       load      t_a0_b     LHZX
eqv         31/284   X     RA,RS,RB        integer   a_s_b      EQV       .
tlbie       31/306   X     RB,RS,RIC,PRS,R system    raw        sys       p
lhzux       31/311   X     RT,RA,RB        load      raw        mem
xor         31/316   X     RA,RS,RB        integer   a_s_b      XOR       .
mfspr       31/339   XFX   RT,SPR          system    mfspr      sys       t
lwax        31/341   X     RT,RA0,RB       load      t_a0_b     LWAX      64
lhax        31/343   X     RT,RA0,RB       load      t_a0_b     LHAX
tlbia       31/370   X     -               system    raw        sys       32,p
mftb        31/371   XFX   RT,SPR          system    mfspr      sys       t
lwaux       31/373   X     RT,RA,RB        load      raw        mem       64
lhaux       31/375   X     RT,RA,RB        load      raw        mem
popcntw     31/378   X     RA,RS           integer   raw        arith     3
divdeu      31/393   XO    RT,RA,RB        divide    raw        arith     64,3,o,.
divweu      31/395   XO    RT,RA,RB        divide    raw        arith     3,o,.
sthx        31/407   X     RS,RA0,RB       store     t_a0_b     STHX
orc         31/412   X     RA,RS,RB        integer   a_s_b      ORC       .
divde       31/425   XO    RT,RA,RB        divide    raw        arith     64,3,o,.
divwe       31/427   XO    RT,RA,RB        divide    raw        arith     3,o,.
sthux       31/439   X     RS,RA,RB        store     raw        mem
or          31/444   X     RA,RS,RB        integer   a_s_b      OR        .
divdu       31/457   XO    RT,RA,RB        divide    raw        arith     64,o,.
divwu       31/459   XO    RT,RA,RB        divide    raw        arith     o,.
mtspr       31/467   XFX   SPR,RS          system    mtspr      sys       t
dcbi        31/470   X     RA0,RB          cache     raw        mem       p
nand        31/476   X     RA,RS,RB        integer   a_s_b      NAND      .
divd        31/489   XO    RT,RA,RB        divide    raw        arith     64,o,.
divw        31/491   XO    RT,RA,RB        divide    raw        arith     o,.
slbia       31/498   X     -               system    raw        sys       64,p
popcntd     31/506   X     RA,RS           integer   raw        arith     64,3
cmpb        31/508   X     RA,RS,RB        integer   raw        arith     3
mcrxr       31/512   X     BF              cr        raw        arith     32
ldbrx       31/532   X     RT,RA0,RB       load      raw        mem       64,3
lswx        31/533   X     RT,RA0,RB       multiple  raw        mem
lwbrx       31/534   X     RT,RA0,RB       load      raw        mem
srw         31/536   X     RA,RS,RB        rotate    a_s_b      SRW       .
cnttzw      31/538   X     RA,RS           integer   raw        arith     64,3,.
srd         31/539   X     RA,RS,RB        rotate    a_s_b      SRD       64,.
tlbsync     31/566   X     -               system    raw        sys       p
mcrxrx      31/576   X     BF              cr        raw        arith     64,3
lwat        31/582   X     RT,RA,FC        reserve   raw        mem       64,3
ldat        31/614   X     RT,RA,FC        reserve   raw        mem       64,3
cnttzd      31/570   X     RA,RS           integer   raw        arith     64,3,.
mfsr        31/595   X     RT,SR           system    raw        sys       32,p
lswi        31/597   X     RT,RA0,NB       multiple  raw        mem
sync        31/598   X     L               sync      raw        NOP
mfsrin      31/659   X     RT,RB           system    raw        sys       32,p
stdbrx      31/660   X     RS,RA0,RB       store     raw        mem       64,3
stswx       31/661   X     RS,RA0,RB       multiple  raw        mem
stwbrx      31/662   X     RS,RA0,RB       store     raw        mem
stbcx.      31/694   X     RS,RA0,RB       reserve   raw        mem       3
stwat       31/710   X     RS,RA,FC        reserve   raw        mem       64,3
stdat       31/742   X     RS,RA,FC        reserve   raw        mem       64,3
stswi       31/725   X     RS,RA0,NB       multiple  raw        mem
sthcx.      31/726   X     RS,RA0,RB       reserve   raw        mem       3
modsd       31/777   X     RT,RA,RB        divide    raw        arith     64,3
modsw       31/779   X     RT,RA,RB        divide    raw        arith     64,3
stqcx.      31/182   X     RSp,RA0,RB      reserve   raw        mem       64,3
lhbrx       31/790   X     RT,RA0,RB       load      raw        mem
sraw        31/792   X     RA,RS,RB        rotate    raw        arith     .
srad        31/794   X     RA,RS,RB        rotate    raw        arith     64,.
srawi       31/824   X     RA,RS,SH        rotate    a_s_sh     SRAWI     .
sradi       31/413   XS    RA,RS,SH6       rotate    a_s_sh6    SRADI     64,.
extswsli    31/445   XS    RA,RS,SH6       rotate    raw        arith     64,3,.
eieio       31/854   X     -               sync      raw        NOP
sthbrx      31/918   X     RS,RA0,RB       store     raw        mem
extsh       31/922   X     RA,RS           integer   a_s        EXTSH     .
extsb       31/954   X     RA,RS           integer   a_s        EXTSB     .
icbi        31/982   X     RA0,RB          cache     raw        mem
extsw       31/986   X     RA,RS           integer   a_s        EXTSW     64,.
dcbz        31/1014  X     RA0,RB          cache     raw        mem
msgclrp     31/174   X     RB              system    raw        sys       64,3,p
msgsndp     31/142   X     RB              system    raw        sys       64,3,p
`

/** Where the extended opcode lies in the word, and how wide it is; `D`-like forms have none. */
const FORMS: Readonly<
  Record<string, { readonly shift: number; readonly bits: number; readonly free?: number }>
> = {
  D: { shift: 0, bits: 0 },
  DQ: { shift: 0, bits: 0 },
  B: { shift: 0, bits: 0 },
  I: { shift: 0, bits: 0 },
  SC: { shift: 0, bits: 2 },
  M: { shift: 0, bits: 0 },
  DS: { shift: 0, bits: 2 },
  MD: { shift: 2, bits: 3 },
  MDS: { shift: 1, bits: 4 },
  VA: { shift: 0, bits: 6 },
  X: { shift: 1, bits: 10 },
  XL: { shift: 1, bits: 10 },
  XFX: { shift: 1, bits: 10 },
  XO: { shift: 1, bits: 9 },
  XS: { shift: 2, bits: 9 },
  A: { shift: 1, bits: 5 },
  DX: { shift: 1, bits: 5 },
  Z23: { shift: 1, bits: 8 },
  VX: { shift: 0, bits: 11 },
  VC: { shift: 0, bits: 10 },
  DQ3: { shift: 0, bits: 3 },
  XX1: { shift: 1, bits: 10 },
  XX2: { shift: 2, bits: 9 },
  XX3: { shift: 3, bits: 8 },
  XX3C: { shift: 3, bits: 7 },
  XX3D: { shift: 3, bits: 8, free: 0x60 << 3 }, // two bits of the opcode are an operand
  XX2D: { shift: 2, bits: 9, free: 0x11 << 2 },
  XX4: { shift: 4, bits: 2 },
}

/** Facilities that MSR turns on: floating point, vectors (VMX), VSX; and those that the number of the register decides. */
export const FACILITIES = [
  'none',
  'fp',
  'vec',
  'vsx',
  'vsx-vec', // VSX for registers 0-31, VMX for 32-63: bit 31 of the word
  'vsx-vec-dq', // likewise, bit 28
  'fp-vec', // floating point for registers 0-31, VMX for 32-63
] as const

export interface Instruction {
  readonly name: string
  readonly primary: number
  readonly extended: number
  readonly form: string
  /** The extended opcode is bits [shift, shift + bits) of the word, counted from the least significant one. */
  readonly shift: number
  readonly bits: number
  /** Bits of the word that tell the instruction, but for the primary opcode; and what they are. */
  readonly mask: number
  readonly value: number
  /** What the field of RA is, where it is part of the opcode; else null. */
  readonly sub: number | null
  readonly facility: (typeof FACILITIES)[number]
  readonly operands: readonly string[]
  readonly costClass: CostClass
  readonly slot: string
  readonly does: string
  /** OE: an overflow form exists, and this row is it when `name` ends in `o`. */
  readonly overflow: boolean
  readonly record: boolean
  readonly only64: boolean
  readonly only32: boolean
  readonly privileged: boolean
  readonly server: boolean
}

const OE = 1 << 9

function parseRow(line: string): Instruction[] {
  const [name, code, form, operands, costClass, slot, does, flags = ''] = line.split(/\s+/) as string[]
  const [primary, extended = '0', sub] = code!.split('/')
  const has = flags.split(',')
  const { shift, bits, free = 0 } = FORMS[form!]!
  const width = form === 'XO' ? 10 : bits
  const inRa = sub === undefined ? [0, 0] : [31 << 16, Number(sub) << 16]
  const row: Instruction = {
    name: name!,
    primary: Number(primary),
    extended: Number(extended),
    form: form!,
    shift,
    bits: width,
    mask: ((((1 << width) - 1) << shift) & ~free) | inRa[0]!,
    value: (Number(extended) << shift) | inRa[1]!,
    sub: sub === undefined ? null : Number(sub),
    facility: FACILITIES.find((facility) => has.includes(facility)) ?? 'none',
    operands: operands === '-' ? [] : operands!.split(','),
    costClass: costClass as CostClass,
    slot: slot!,
    does: does!,
    overflow: false,
    record: has.includes('.'),
    only64: has.includes('64'),
    only32: has.includes('32'),
    privileged: has.includes('p'),
    server: has.includes('3'),
  }
  if (!has.includes('o')) return [row]
  return [
    row,
    {
      ...row,
      name: `${row.name}o`,
      extended: row.extended | OE,
      value: row.value | (OE << shift),
      slot: 'raw',
      does: 'arith',
      overflow: true,
    },
  ]
}

/** Every instruction; those with OE twice. The position in this list plus 1 is the row number in the core. */
export const INSTRUCTIONS: readonly Instruction[] = [TABLE, FLOAT_TABLE, VECTOR_TABLE, VSX_TABLE]
  .flatMap((table) => table.split('\n'))
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'))
  .flatMap(parseRow)
