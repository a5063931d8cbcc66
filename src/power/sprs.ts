/**
 * The special-purpose registers as a table: who may read and write which, and on which CPU.
 *
 *   read, write   - nobody · u everyone · s supervisor · h hypervisor
 *   cpu           c classic 32-bit · s server (POWER9) · cs both
 *   kind          plain: holds what was written · zero: reads 0, writes are dropped · the others have code of their own
 *
 * Sources: Power ISA 3.0B, Book III, 4.4.4 (figure 18); Programming Environments Manual for 32-bit implementations, 2.3.
 */
const TABLE = `
# number name     read write cpu kind
1        XER      u    u     cs  xer
3        DSCR_U   u    u     s   dscr
8        LR       u    u     cs  lr
9        CTR      u    u     cs  ctr
13       AMR_U    u    u     s   amr_user
17       DSCR     s    s     s   dscr
18       DSISR    s    s     cs  word
19       DAR      s    s     cs  plain
22       DEC      s    s     cs  dec
25       SDR1     s    s     c   plain
26       SRR0     s    s     cs  plain
27       SRR1     s    s     cs  plain
28       CFAR     s    s     s   plain
29       AMR      s    s     s   amr
48       PID      s    s     s   pid
61       IAMR     s    s     s   iamr
128      TFHAR    u    u     s   transaction
129      TFIAR    u    u     s   transaction
130      TEXASR   u    u     s   transaction
131      TEXASRU  u    u     s   transaction
136      CTRL_U   u    -     s   ctrl
144      TIDR     s    s     s   plain
152      CTRL     -    s     s   ctrl
153      FSCR     s    s     s   plain
157      UAMOR    s    s     s   plain
159      PSPB     s    s     s   word
176      DPDES    s    h     s   dpdes
180      DAWR0    h    h     s   plain
186      RPR      h    h     s   plain
187      CIABR    h    h     s   plain
188      DAWRX0   h    h     s   plain
190      HFSCR    h    h     s   plain
256      VRSAVE   u    u     cs  word
259      SPRG3_U  u    -     s   sprg3
268      TBL      u    -     cs  tb
269      TBU      u    -     cs  tbu
272      SPRG0    s    s     cs  plain
273      SPRG1    s    s     cs  plain
274      SPRG2    s    s     cs  plain
275      SPRG3    s    s     cs  plain
282      EAR      s    s     c   word
284      TBL_W    -    s     c   tbl_write
285      TBU_W    -    s     c   tbu_write
284      TBL_H    -    h     s   tbl_write
285      TBU_H    -    h     s   tbu_write
286      TBU40    -    h     s   plain
287      PVR      s    -     cs  pvr
304      HSPRG0   h    h     s   plain
305      HSPRG1   h    h     s   plain
306      HDSISR   h    h     s   plain
307      HDAR     h    h     s   plain
308      SPURR    s    h     s   purr
309      PURR     s    h     s   purr
310      HDEC     h    h     s   plain
313      HRMOR    h    h     s   plain
314      HSRR0    h    h     s   plain
315      HSRR1    h    h     s   plain
318      LPCR     h    h     s   plain
319      LPIDR    h    h     s   plain
336      HMER     h    h     s   plain
337      HMEER    h    h     s   plain
338      PCR      h    h     s   plain
339      HEIR     h    h     s   plain
349      AMOR     h    h     s   plain
446      TIR      s    -     s   zero
464      PTCR     h    h     s   plain
`

const BATS = [528, 536].flatMap((from) =>
  Array.from(
    { length: 8 },
    (_, i) => `${from + i} ${from === 528 ? 'I' : 'D'}BAT${i >> 1}${i & 1 ? 'L' : 'U'} s s c plain`,
  ),
)

const MORE = `
768      SIER_U   u    -     s   user
769      MMCR2_U  u    u     s   user
770      MMCRA_U  u    u     s   user
771      PMC1_U   u    u     s   user
772      PMC2_U   u    u     s   user
773      PMC3_U   u    u     s   user
774      PMC4_U   u    u     s   user
775      PMC5_U   u    u     s   user
776      PMC6_U   u    u     s   user
779      MMCR0_U  u    u     s   user
780      SIAR_U   u    -     s   user
781      SDAR_U   u    -     s   user
782      MMCR1_U  u    -     s   user
784      SIER     s    s     s   plain
785      MMCR2    s    s     s   plain
786      MMCRA    s    s     s   plain
787      PMC1     s    s     s   word
788      PMC2     s    s     s   word
789      PMC3     s    s     s   word
790      PMC4     s    s     s   word
791      PMC5     s    s     s   word
792      PMC6     s    s     s   word
795      MMCR0    s    s     s   plain
796      SIAR     s    s     s   plain
797      SDAR     s    s     s   plain
798      MMCR1    s    s     s   plain
800      BESCRS   u    u     s   event
801      BESCRSU  u    u     s   upper
802      BESCRR   u    u     s   event
803      BESCRRU  u    u     s   upper
804      EBBHR    u    u     s   event
805      EBBRR    u    u     s   event
806      BESCR    u    u     s   event
808      NOP_808  u    u     s   nothing
809      NOP_809  u    u     s   nothing
810      NOP_810  u    u     s   nothing
811      NOP_811  u    u     s   nothing
815      TAR      u    u     s   tar
816      ASDR     h    h     s   plain
823      PSSCR    s    s     s   plain
848      IC       s    h     s   plain
849      VTB      s    h     s   vtb
855      PSSCR_H  h    h     s   plain
895      WORT     s    s     s   plain
896      PPR      u    u     s   plain
898      PPR32    u    u     s   ppr32
1008     HID0     s    s     c   word
1009     HID1     s    s     c   word
1010     IABR     s    s     c   word
1013     DABR     s    s     c   word
1023     PIR      s    s     c   word
1023     PIR_H    s    h     s   plain
`

export const SPR_KINDS = [
  ...[
    'none',
    'plain',
    'word',
    'zero',
    'xer',
    'lr',
    'ctr',
    'dscr',
    'dec',
    'sprg3',
    'tb',
    'tbu',
    'tbl_write',
    'tbu_write',
  ],
  ...['pvr', 'purr', 'vtb', 'tar', 'pid', 'amr', 'amr_user', 'iamr'],
  ...['transaction', 'ctrl', 'dpdes', 'user', 'event', 'upper', 'nothing', 'ppr32'],
]

export interface Spr {
  readonly number: number
  readonly name: string
  readonly read: string
  readonly write: string
  readonly cpu: string
  readonly kind: string
}

export const SPRS: readonly Spr[] = [...`${TABLE}\n${MORE}`.split('\n'), ...BATS]
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [number, name, read, write, cpu, kind] = line.split(/\s+/) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    return { number: Number(number), name, read, write, cpu, kind }
  })

const who = (letter: string) => '-ush'.indexOf(letter)

/**
 * The core's word for an SPR number on the classic CPU (c) or the server (s), 0 if there is none; see SPRS_CLASSIC in
 * assembly/power-cpu/tables.ts.
 */
export function sprBits(number: number, cpu: 'c' | 's'): number {
  const spr = SPRS.find((row) => row.number === number && row.cpu.includes(cpu))
  return spr ? SPR_KINDS.indexOf(spr.kind) | (who(spr.read) << 8) | (who(spr.write) << 10) : 0
}
