/** Numbers for people: rounded to what the eye takes in. Exact ones are in the JSON report. */

const S = 1_000_000_000n
const DAY = 86_400n * S
const YEAR = (DAY * 1461n) / 4n

// [at least this much, the unit, its name]: seconds go up to 10,000, as they do in reports of clock bugs.
const DURATIONS: readonly (readonly [bigint, bigint, string])[] = [
  [2n * YEAR, YEAR, 'y'],
  [2n * DAY, DAY, 'd'],
  [10_000n * S, 3_600n * S, 'h'],
  [S, S, 's'],
  [1_000_000n, 1_000_000n, 'ms'],
  [1_000n, 1_000n, 'µs'],
  [0n, 1n, 'ns'],
]

/** `20.83 s`, `300 ms`, `-12.5 µs`, `2.23 y`: one unit, at most `digits` digits or all before the point. */
export function shortNs(ns: bigint, digits = 4): string {
  if (ns < 0n) return `-${shortNs(-ns, digits)}`
  if (ns === 0n) return '0 s'
  const [, unit, name] = DURATIONS.find(([least]) => ns >= least)!
  return `${shortDecimal(ns, unit, digits)} ${name}`
}

/** `24.39 %`, `62.5 ppm`, `-40 ppb`. */
export function shortPpb(ppb: bigint, digits = 4): string {
  if (ppb < 0n) return `-${shortPpb(-ppb, digits)}`
  if (ppb >= 1_000_000n) return `${shortDecimal(ppb, 10_000_000n, digits)} %`
  if (ppb >= 1_000n) return `${shortDecimal(ppb, 1_000n, digits)} ppm`
  return ppb === 0n ? '0 ppm' : `${ppb} ppb`
}

/** An instant of true time: `61.204 s`; after some hours `30 d 02:13:05`. */
export function shortAt(ns: bigint): string {
  if (ns < 10_000n * S) return `${trim(ns / S, (ns % S) / 1_000_000n, 3)} s`
  const days = ns / DAY
  const [h, min, s] = [(ns % DAY) / (3_600n * S), (ns / (60n * S)) % 60n, (ns / S) % 60n]
  const time = [h, min, s].map((part) => `${part}`.padStart(2, '0')).join(':')
  return days > 0n ? `${days} d ${time}` : time
}

/** value / unit rounded half up to so many digits, without trailing zeros. */
function shortDecimal(value: bigint, unit: bigint, digits: number): string {
  const whole = value / unit
  const decimals = Math.max(0, digits - `${whole}`.length)
  const scale = 10n ** BigInt(decimals)
  const rounded = (value * scale + unit / 2n) / unit
  return trim(rounded / scale, rounded % scale, decimals)
}

function trim(whole: bigint, fraction: bigint, digits: number): string {
  const text = digits > 0 ? `${fraction}`.padStart(digits, '0').replace(/0+$/, '') : ''
  return text === '' ? `${whole}` : `${whole}.${text}`
}
