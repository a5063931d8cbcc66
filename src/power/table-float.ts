/**
 * Floating point, and all loads and stores of floating-point and vector registers; rows of the table in instructions.ts.
 * Source: Power ISA 3.0B, Book I, chapters 4 and 6.7.
 */
export const FLOAT_TABLE = `
lfs           48         D     FRT,D(RA0)          load      raw  fmem     fp
lfsu          49         D     FRT,D(RA)           load      raw  fmem     fp
lfd           50         D     FRT,D(RA0)          load      raw  fmem     fp
lfdu          51         D     FRT,D(RA)           load      raw  fmem     fp
stfs          52         D     FRT,D(RA0)          store     raw  fmem     fp
stfsu         53         D     FRT,D(RA)           store     raw  fmem     fp
stfd          54         D     FRT,D(RA0)          store     raw  fmem     fp
stfdu         55         D     FRT,D(RA)           store     raw  fmem     fp
lfsx          31/535     X     FRT,RA0,RB          load      raw  fmem     fp
lfsux         31/567     X     FRT,RA,RB           load      raw  fmem     fp
lfdx          31/599     X     FRT,RA0,RB          load      raw  fmem     fp
lfdux         31/631     X     FRT,RA,RB           load      raw  fmem     fp
lfiwax        31/855     X     FRT,RA0,RB          load      raw  fmem     3,fp
lfiwzx        31/887     X     FRT,RA0,RB          load      raw  fmem     3,fp
stfsx         31/663     X     FRT,RA0,RB          store     raw  fmem     fp
stfsux        31/695     X     FRT,RA,RB           store     raw  fmem     fp
stfdx         31/727     X     FRT,RA0,RB          store     raw  fmem     fp
stfdux        31/759     X     FRT,RA,RB           store     raw  fmem     fp
stfiwx        31/983     X     FRT,RA0,RB          store     raw  fmem     fp
lvsl          31/6       X     VRT,RA0,RB          vector    raw  fmem     3,vec
lvsr          31/38      X     VRT,RA0,RB          vector    raw  fmem     3,vec
lvebx         31/7       X     VRT,RA0,RB          load      raw  fmem     3,vec
lvehx         31/39      X     VRT,RA0,RB          load      raw  fmem     3,vec
lvewx         31/71      X     VRT,RA0,RB          load      raw  fmem     3,vec
lvx           31/103     X     VRT,RA0,RB          load      raw  fmem     3,vec
lvxl          31/359     X     VRT,RA0,RB          load      raw  fmem     3,vec
stvebx        31/135     X     VRT,RA0,RB          store     raw  fmem     3,vec
stvehx        31/167     X     VRT,RA0,RB          store     raw  fmem     3,vec
stvewx        31/199     X     VRT,RA0,RB          store     raw  fmem     3,vec
stvx          31/231     X     VRT,RA0,RB          store     raw  fmem     3,vec
stvxl         31/487     X     VRT,RA0,RB          store     raw  fmem     3,vec
dst           31/342     X     RA,RB,STRM          cache     raw  fmem     3
dstst         31/374     X     RA,RB,STRM          cache     raw  fmem     3
dss           31/822     X     STRM                cache     raw  fmem     3
fmr           63/72      X     FRT,FRB             float     raw  fmove    .,fp
fneg          63/40      X     FRT,FRB             float     raw  fmove    .,fp
fabs          63/264     X     FRT,FRB             float     raw  fmove    .,fp
fnabs         63/136     X     FRT,FRB             float     raw  fmove    .,fp
fcpsgn        63/8       X     FRT,FRA,FRB         float     raw  fmove    3,.,fp
fmrgow        63/838     X     FRT,FRA,FRB         float     raw  fmove    3,fp
fmrgew        63/966     X     FRT,FRA,FRB         float     raw  fmove    3,fp
fsel          63/23      A     FRT,FRA,FRC,FRB     float     raw  fmove    .,fp
mcrfs         63/64      X     BF,BFA              float     raw  fmove    fp
mtfsb1        63/38      X     BTF                 float     raw  fmove    .,fp
mtfsb0        63/70      X     BTF                 float     raw  fmove    .,fp
mtfsfi        63/134     X     BF,U,W              float     raw  fmove    .,fp
mtfsf         63/711     X     FLM,FRB,LW          float     raw  fmove    .,fp
mffs          63/583/0   X     FRT                 float     raw  fmove    .,fp
mffsce        63/583/1   X     FRT                 float     raw  fmove    3,fp
mffscdrn      63/583/20  X     FRT,FRB             float     raw  fmove    3,fp
mffscdrni     63/583/21  X     FRT,DRM             float     raw  fmove    3,fp
mffscrn       63/583/22  X     FRT,FRB             float     raw  fmove    3,fp
mffscrni      63/583/23  X     FRT,RM              float     raw  fmove    3,fp
mffsl         63/583/24  X     FRT                 float     raw  fmove    3,fp
`
