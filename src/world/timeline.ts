/**
 * The scenario's events as actions at instants. An event that takes time becomes several: a migration stops its
 * guest, saves it, lands it. Actions of one instant keep the order in which they are given here.
 */
import type { ScenarioEvent } from '../scenario/types.js'
import type { World } from './world.js'

export interface Action {
  readonly atNs: bigint
  run(world: World): void
}

/** What people read at the event's mark. */
export function describeEvent(event: ScenarioEvent): string {
  switch (event.kind) {
    case 'migrate':
      return `migrate ${event.guest} to ${event.to}${event.aborted ? ', aborted' : ''}`
    case 'restore':
      return `restore ${event.guest} on ${event.on}`
    default:
      return `${event.kind} ${'guest' in event ? event.guest : event.host}`
  }
}

/** What a policy does a while after the guest runs again. */
export type SettleOf = (guest: string) => bigint | undefined

/** The actions of one event, in order. */
export function actionsOf(event: ScenarioEvent, settleOf: SettleOf = () => undefined): Action[] {
  const { atNs } = event
  const at = (delayNs: bigint, run: (world: World) => void): Action => ({ atNs: atNs + delayNs, run })
  const now = (run: (world: World) => void): Action[] => [at(0n, run)]
  const settling = (delayNs: bigint, guest: string, cause: 'pause' | 'save' | 'migrate'): Action[] => {
    const afterNs = settleOf(guest)
    return afterNs === undefined ? [] : [at(delayNs + afterNs, (world) => world.guest(guest).settle(cause))]
  }
  switch (event.kind) {
    case 'boot':
      return now((world) => world.resident(event.guest).boot())
    case 'pause':
      return now((world) => world.resident(event.guest).stop('pause', false))
    case 'resume':
      return [
        at(0n, (world) => world.resident(event.guest).resume('pause')),
        ...settling(0n, event.guest, 'pause'),
      ]
    case 'save':
      return now((world) => {
        const guest = world.resident(event.guest)
        const wasRunning = guest.running
        if (wasRunning) guest.stop('save', true)
        guest.save('save', wasRunning)
      })
    case 'restore':
      return [
        at(0n, (world) => {
          const guest = world.resident(event.guest)
          guest.land(world.host(event.on), 'save', true)
          guest.resume('save')
        }),
        ...settling(0n, event.guest, 'save'),
      ]
    case 'migrate': {
      let wasRunning = false
      return [
        at(0n, (world) => {
          const guest = world.resident(event.guest)
          wasRunning = guest.running
          if (wasRunning) guest.stop('migrate', true)
        }),
        at(event.stopToSaveNs, (world) => {
          const guest = world.resident(event.guest)
          // Written it is all the same: that a migration fails shows only later.
          if (event.aborted) guest.writeClocks(wasRunning)
          else guest.save('migrate', wasRunning)
        }),
        at(event.downtimeNs, (world) => {
          const guest = world.resident(event.guest)
          if (event.aborted) {
            if (wasRunning) guest.resume('pause')
            return
          }
          guest.land(world.host(event.to), 'migrate', wasRunning)
          if (wasRunning) guest.resume('migrate')
        }),
        ...settling(event.downtimeNs, event.guest, 'migrate'),
      ]
    }
    case 'reboot':
      return [
        at(0n, (world) => world.powerOffGuestsOf(event.host)),
        at(event.takesNs, (world) => world.host(event.host).reboot()),
      ]
    case 'set-wall':
      return now((world) => world.setWall(event.host, event.offsetNs))
    case 'ntp-step':
      return now((world) => world.stepWall(event.host, event.byNs, 'ntp-step'))
    case 'ntp-slew':
      return [
        at(0n, (world) => world.host(event.host).slewWall(event.ratePpb)),
        at(event.forNs, (world) => world.host(event.host).slewWall(0n)),
      ]
    case 'host-suspend':
      return [
        at(0n, (world) => world.suspendHost(event.host)),
        at(event.forNs, (world) => world.wakeHost(event.host, event.forNs, event.updateWallclock, event.tsc)),
      ]
    case 'tsc-step':
      return now((world) => world.host(event.host).stepTsc(event.byNs))
    case 'set-tsc':
      return now((world) =>
        world.inGuest(event.guest, (core) => core.kvm_vmm_writes_tsc(event.vcpu, event.to)),
      )
    case 'agent-settime':
      return now((world) => {
        const { guest, from, slewNs, quiet } = event
        if (quiet && !world.resident(guest).running) return
        if (slewNs === null) world.setGuestTime(guest, from, 'agent-settime')
        else world.slewGuestTime(guest, from, slewNs)
      })
    case 'guest-ntp-step':
      return now((world) => world.setGuestTime(event.guest, 'true', 'guest-ntp'))
    case 'guest-ntp-slew':
      return [
        at(0n, (world) => world.inGuest(event.guest, (core) => core.guest_adjtime(Number(event.ratePpb)))),
        at(event.forNs, (world) => world.inGuest(event.guest, (core) => core.guest_adjtime(0))),
      ]
    case 'rtc-resync':
      return now((world) => {
        world.correct(event.guest, 'rtc-resync')
        world.inGuest(event.guest, (core) => core.guest_rtc_resync())
      })
    case 'steal':
      return [
        at(0n, (world) => world.resident(event.guest).steal(event.vcpu, true)),
        at(event.forNs, (world) => world.resident(event.guest).steal(event.vcpu, false)),
      ]
    case 'tell-frequency':
      return now((world) =>
        world.inGuest(event.guest, (core) => core.guest_tell_frequency(Number(event.frequencyHz))),
      )
  }
}
