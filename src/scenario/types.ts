/**
 * A scenario as the rest of the program sees it: every unit resolved, every default filled in, every name checked.
 *
 * Times are bigint nanoseconds. An `...Ns` of the timeline (`atNs`, `fromNs`, `untilNs`) is *true time*, counted
 * from the start of the scenario. Frequencies are bigint Hz, rates and errors are bigint parts per billion.
 * `null` means "not given, and there is no default that fits all": each such field says what it stands for.
 */

/** Where something stands in the scenario file: both count from 1; columns are UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

export type System = 'xen' | 'kvm' | 'power'
export type Hypervisor = 'xen' | 'kvm' | 'power-kvm' | 'power-tcg'
export type Kernel = 'linux-2.6.18-xen' | 'linux-xen' | 'linux-kvm' | 'linux-ppc64'
export type Variant =
  | 'stock'
  | 'no-rebase'
  | 'fix-2'
  | 'fix-3'
  | 'old-cyc2ns'
  | 'shift-22'
  | 'unstolen-sched'
  | 'steal-4-8'
  | 'steal-4-11'
  | 'no-guard'
export type Arch = 'x86-64' | 'x86-32' | 'ppc64'
export type Clocksource = 'xen' | 'kvm-clock' | 'tsc' | 'timebase'
export type ReadClock =
  | 'realtime'
  | 'monotonic'
  | 'boottime'
  | 'monotonic-raw'
  | 'gettimeofday'
  | 'uptime'
  | 'counter'
  | 'sched'
  | 'steal'
  | 'jiffies'
  | 'reference'
  | 'reference-page'
export type SleepClock = 'monotonic' | 'realtime' | 'boottime'

/** The time stamp counter of an x86 host. */
export interface HostTsc {
  readonly frequencyHz: bigint
  /** How far the crystal is from its nominal frequency; positive runs fast. */
  readonly errorPpb: bigint
  /** The frequency the host believes in, whole kHz; null: what a perfect calibration would give. */
  readonly calibratedHz: bigint | null
  /** The count at true time 0; null: as many ticks as the uptime makes. */
  readonly atStart: bigint | null
  readonly constant: boolean
  readonly reliable: boolean
  /** The hypervisor's own clocksource is the TSC. */
  readonly clocksource: boolean
  /** Fraction bits of the hardware's TSC scaling: 48 VMX, 32 SVM; null: the hardware cannot scale. */
  readonly scalingBits: 32 | 48 | null
}

/** The timebase register of a Power host. */
export interface HostTimebase {
  readonly frequencyHz: bigint
  readonly errorPpb: bigint
  /** The count at true time 0; null: as many ticks as the uptime makes. */
  readonly atStart: bigint | null
}

/** How KVM renews the guests' time pages where no master clock serves all vCPUs. */
export interface HostKvmclock {
  /** The clock behind the pages advances in steps of this. */
  readonly stepNs: bigint
  /** From one renewal to the next. */
  readonly updateNs: bigint
  /** From one vCPU's renewal to the next one's; 0: all at once. */
  readonly staggerNs: bigint
  /** A renewal shows no less than the page before it. */
  readonly neverBack: boolean
}

export interface HostSpec {
  readonly name: string
  readonly hypervisor: Hypervisor
  /** Age of the host at true time 0. */
  readonly uptimeNs: bigint
  /** null on Power. */
  readonly tsc: HostTsc | null
  /** null on x86. */
  readonly timebase: HostTimebase | null
  /** Error of the platform timer (CLOCK_MONOTONIC_RAW of the host). */
  readonly clockErrorPpb: bigint
  /** Host wall clock minus true time, at true time 0. */
  readonly wallOffsetNs: bigint
  /** How fast the wall clock runs beyond true time. */
  readonly wallRatePpb: bigint
  /** When the host's own kernel, or a dom0 that is not a guest here, tells Xen the wall clock. */
  readonly wallPushed: 'every-11-min' | 'when-set'
  readonly timerSlopNs: bigint
  /** null: as KVM does by itself, all pages each 300 s. */
  readonly kvmclock: HostKvmclock | null
  readonly position: Position
}

export interface ReaderSpec {
  readonly name: string
  readonly clock: ReadClock
  readonly everyNs: bigint
  readonly fromNs: bigint
  readonly untilNs: bigint
  readonly vcpu: number
  /** It looks at vmclock's disruption marker before it trusts its clock. */
  readonly guarded: boolean
  readonly position: Position
}

export interface SleeperSpec {
  readonly name: string
  readonly clock: SleepClock
  readonly forNs: bigint
  /** True time of the first sleep. */
  readonly atNs: bigint
  /** The next sleep is issued this long after each wake; null: sleep once. */
  readonly everyNs: bigint | null
  readonly vcpu: number
  readonly position: Position
}

export interface BusySpec {
  readonly fromNs: bigint
  readonly untilNs: bigint
  readonly vcpu: number
  readonly position: Position
}

export interface WriterSpec {
  /** Where its working set begins in guest memory, in pages of 4 KiB. */
  readonly firstPage: number
  readonly pages: number
  /** Running time from one page to the next. */
  readonly everyNs: bigint
  readonly fromNs: bigint
  /** null: it goes on for ever. */
  readonly untilNs: bigint | null
  readonly vcpu: number
  readonly position: Position
}

/** An emulated RTC that makes up for missed ticks while its VM waits. */
export interface RtcSpec {
  readonly tickNs: bigint
  /** Host time that one tick costs. */
  readonly costNs: bigint
  /** The longest gap that it makes up for; null: any. */
  readonly mostNs: bigint | null
}

export interface GuestSpec {
  readonly name: string
  /** The host it boots on. */
  readonly on: string
  readonly kernel: Kernel
  readonly variant: Variant
  readonly arch: Arch
  readonly hz: number
  readonly vcpus: number
  /** True time of its first boot. The boot itself is an event like any other, see `Scenario.events`. */
  readonly bootNs: bigint
  /** Path of a saved guest whose clocks it begins with, as it stands in the file; null: it boots. */
  readonly from: string | null
  /** Name of a policy or path of a module; null: the default of the hypervisor. */
  readonly policy: string | null
  readonly dom0: boolean
  readonly ntp: 'off' | 'synced'
  /** Xen's tsc_mode (0 default, 1 emulate, 2 native) and the guest's own frequency; null on Power. */
  readonly tsc: { readonly mode: 0 | 1 | 2; readonly frequencyHz: bigint | null } | null
  /** The timebase frequency the guest was told, default its first host's; null on x86. */
  readonly timebase: { readonly frequencyHz: bigint } | null
  /** The decrementer; null on x86. */
  readonly dec: { readonly bits: 32 | 56; readonly type: 'level' | 'edge' } | null
  readonly clocksource: Clocksource
  /** It has Hyper-V's clocks. */
  readonly hyperV: boolean
  /** The VM has a vmclock device. */
  readonly vmclock: boolean
  /** null: its RTC makes up for nothing. */
  readonly rtc: RtcSpec | null
  readonly memoryBytes: number
  readonly read: readonly ReaderSpec[]
  readonly sleep: readonly SleeperSpec[]
  readonly busy: readonly BusySpec[]
  readonly write: readonly WriterSpec[]
  readonly position: Position
}

interface EventBase {
  readonly atNs: bigint
  readonly position: Position
}

export interface BootEvent extends EventBase {
  readonly kind: 'boot'
  readonly guest: string
}
export interface PauseEvent extends EventBase {
  readonly kind: 'pause'
  readonly guest: string
}
export interface ResumeEvent extends EventBase {
  readonly kind: 'resume'
  readonly guest: string
}
export interface SaveEvent extends EventBase {
  readonly kind: 'save'
  readonly guest: string
}
export interface RestoreEvent extends EventBase {
  readonly kind: 'restore'
  readonly guest: string
  /** Always filled in: the host of the save when the file names none. */
  readonly on: string
}
export interface MigrateEvent extends EventBase {
  readonly kind: 'migrate'
  readonly guest: string
  readonly to: string
  /** From the stop on the source to the start on the target. */
  readonly downtimeNs: bigint
  /** The part of the downtime before the source's clocks are saved. */
  readonly stopToSaveNs: bigint
  /** It fails before the guest has arrived: at the end of the downtime the guest goes on where it was. */
  readonly aborted?: true
}
export interface RebootEvent extends EventBase {
  readonly kind: 'reboot'
  readonly host: string
  readonly takesNs: bigint
}
export interface SetWallEvent extends EventBase {
  readonly kind: 'set-wall'
  readonly host: string
  /** The wall clock is set to true time plus this (a `to:` in the file is turned into it). */
  readonly offsetNs: bigint
}
export interface NtpStepEvent extends EventBase {
  readonly kind: 'ntp-step'
  readonly host: string
  readonly byNs: bigint
}
export interface NtpSlewEvent extends EventBase {
  readonly kind: 'ntp-slew'
  readonly host: string
  readonly ratePpb: bigint
  readonly forNs: bigint
}
export interface HostSuspendEvent extends EventBase {
  readonly kind: 'host-suspend'
  readonly host: string
  readonly forNs: bigint
  /** After the resume the host pushes its wall clock to the hypervisor at once. */
  readonly updateWallclock: boolean
  /** What the sleep does to the TSC. */
  readonly tsc: 'stands' | 'resets'
}
export interface TscStepEvent extends EventBase {
  readonly kind: 'tsc-step'
  readonly host: string
  readonly byNs: bigint
}
export interface SetTscEvent extends EventBase {
  readonly kind: 'set-tsc'
  readonly guest: string
  readonly vcpu: number
  readonly to: bigint
}
export interface AgentSettimeEvent extends EventBase {
  readonly kind: 'agent-settime'
  readonly guest: string
  /** Where it has the time from: its host's wall clock, true time, or another guest's clock. */
  readonly from: 'host' | 'true' | { readonly guest: string }
  /** It slews over this long instead of stepping; null: it steps. */
  readonly slewNs: bigint | null
  /** One of many by a program of the guest: not shown by itself, and left out while the guest does not run. */
  readonly quiet: boolean
}
export interface GuestNtpStepEvent extends EventBase {
  readonly kind: 'guest-ntp-step'
  readonly guest: string
}
export interface GuestNtpSlewEvent extends EventBase {
  readonly kind: 'guest-ntp-slew'
  readonly guest: string
  readonly ratePpb: bigint
  readonly forNs: bigint
}
export interface RtcResyncEvent extends EventBase {
  readonly kind: 'rtc-resync'
  readonly guest: string
}
export interface StealEvent extends EventBase {
  readonly kind: 'steal'
  readonly guest: string
  readonly vcpu: number
  readonly forNs: bigint
}
export interface TellFrequencyEvent extends EventBase {
  readonly kind: 'tell-frequency'
  readonly guest: string
  readonly frequencyHz: bigint
}

export type ScenarioEvent =
  | BootEvent
  | PauseEvent
  | ResumeEvent
  | SaveEvent
  | RestoreEvent
  | MigrateEvent
  | RebootEvent
  | SetWallEvent
  | NtpStepEvent
  | NtpSlewEvent
  | HostSuspendEvent
  | TscStepEvent
  | SetTscEvent
  | AgentSettimeEvent
  | GuestNtpStepEvent
  | GuestNtpSlewEvent
  | RtcResyncEvent
  | StealEvent
  | TellFrequencyEvent

export type EventKind = ScenarioEvent['kind']

/** The limits a run is judged by; null: the check is off. */
export interface Checks {
  readonly warp: { readonly limitNs: bigint } | null
  readonly jump: { readonly limitNs: bigint } | null
  readonly stall: { readonly limitNs: bigint } | null
  readonly 'late-wake': { readonly limitNs: bigint } | null
  readonly 'early-wake': { readonly limitNs: bigint } | null
  readonly 'lost-wake': { readonly limitNs: bigint } | null
  /** Wakes of one sleeper, or timer interrupts of one vCPU, in one second of true time. */
  readonly 'wake-storm': { readonly limit: number } | null
  readonly steal: { readonly limitNs: bigint } | null
  readonly 'soft-lockup': { readonly limitNs: bigint } | null
  readonly 'stale-wall': { readonly limitNs: bigint } | null
  readonly rate: { readonly limitPpb: bigint } | null
  readonly 'wall-error': { readonly limitNs: bigint } | null
  /** How often the kernel may print "time went backwards". */
  readonly 'backwards-warning': { readonly limit: number } | null
  /** Readings of one clock on two vCPUs at one instant. */
  readonly skew: { readonly limitNs: bigint } | null
  /** A program of the guest sets its clock back. */
  readonly 'set-back': { readonly limitNs: bigint } | null
  /** Overdue sleepers that wake in the first second after a stop. */
  readonly backlog: { readonly limit: number } | null
  /** The kernel warns that its clocksource has gone on for longer than it allows. */
  readonly 'cycle-offset': { readonly limitNs: bigint } | null
  /** Whether the monotonic clock counts a downtime; `either` accepts both. */
  readonly monotonic: { readonly downtime: 'either' | 'counted' | 'excluded' } | null
  readonly seam: { readonly limitNs: bigint } | null
}

export type CheckId = keyof Checks

/** A worst value of a check, known before the run. Values are ns, ppb, or billionths of a count. */
export interface Prediction {
  readonly guest: string
  readonly check: CheckId
  readonly valueNano: bigint
  /** How far the run's value may be away. */
  readonly withinNano: bigint
  /** True time of the worst value; null: not predicted. */
  readonly atNs: bigint | null
  readonly atWithinNs: bigint
  /** The formulas, as they are in the file. */
  readonly formula: { readonly value: string; readonly at: string | null }
  /** Why it must be so; null: not given. */
  readonly why: string | null
  readonly position: Position
}

export interface Expectation {
  readonly verdict: 'pass' | 'fail'
  /** Exactly these checks fail; null: any. */
  readonly fails: readonly CheckId[] | null
  readonly curedBy: readonly string[]
  /** Guests on which every check holds: the cure beside the fault. */
  readonly passes: readonly string[]
  readonly predict: readonly Prediction[]
}

/** A range of the file and what became of it. */
export interface DrawnValue {
  /** Of its key: `events[0].downtime`. */
  readonly path: string
  /** As it was written: `100 ms .. 400 ms`. */
  readonly text: string
  /** What was drawn: `231.402117 ms`. */
  readonly value: string
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Where the case comes from; null: not given. */
  readonly cite: string | null
  /** The public report of a fault that it shows, by its name in reports.ts; null: none. */
  readonly report: string | null
  readonly summary: string | null
  readonly system: System
  /** True wall-clock time at true time 0: ns since the Unix epoch. */
  readonly startNs: bigint
  readonly durationNs: bigint
  /** The one its ranges were drawn from: the file's, unless it was read with another. */
  readonly seed: number
  /** What was drawn, in the order of the format. Empty where every value is exact. */
  readonly drawn: readonly DrawnValue[]
  /** In the order of the file. */
  readonly hosts: readonly HostSpec[]
  /** In the order of the file. */
  readonly guests: readonly GuestSpec[]
  /**
   * Everything that happens, by (atNs, order in the file). Every guest's first boot is here too: a `boot:` key
   * becomes a boot event, before the file's own events of that instant, in the order of the guests.
   */
  readonly events: readonly ScenarioEvent[]
  readonly checks: Checks
  readonly expect: Expectation | null
  /** Policies to put side by side; default: the guests' own and those of `expect.cured-by`. */
  readonly compare: readonly string[]
  /** The name of the file it was read from, as it was given. */
  readonly fileName: string
}
