import { checks, describe, expect, suiteContext, test } from '#harness/test/index'

const { before, stage: current } = suiteContext()
const { mixes } = current ?? {}

/** What Sluice itself suspends while it counts on a fleet's size, and on what its instances run. */
const HELD = ['AlarmNotification', 'ScheduledActions', ...(mixes ? ['AZRebalance'] : [])]

/** Wall milliseconds: longer than the longest wait of a matcher, so that its message is what a failure shows. */
const PATIENT = 120_000

describe.concurrent('the fleets while traffic shifts', { timeout: PATIENT }, () => {
  test('the listener has the weights of this stage', async ({ service, stage }) => {
    await expect(service).toRouteBy(stage?.shares ?? service.shares)
  })

  test('every target that gets traffic is healthy', async ({ service }) => {
    await expect(service).toHaveHealthyTargets()
  })

  test('every fleet that gets traffic runs at its desired capacity', async ({ service }) => {
    await expect(service).toBeInService()
  })

  if (!current?.downtime) {
    test('the stable fleet still has its whole capacity, so the way back is one call', async ({
      service,
    }) => {
      const stable = service.fleets.filter(({ role }) => role === 'stable').map(({ name }) => name)
      const capacity = before?.fleets.find(({ role }) => role === 'stable')?.desiredCapacity
      await expect(service).toBeInService({ fleets: stable, capacity })
    })
  }

  test('no instance of the candidate was replaced because it had fallen ill', async ({ service }) => {
    const fleets = service.fleets.filter(({ role }) => role === 'candidate').map(({ name }) => name)
    await expect(service).toPass(checks.instancesKept, { fleets })
  })

  test('every instance runs what its group records, or what replaces it', async ({ service }) => {
    await expect(service).toBeImmutable({ mixed: Object.keys(mixes ?? {}) })
  })

  if (mixes) {
    test('fleets that are replaced in place have come as far as this stage says', async ({ service }) => {
      await expect(service).toPass(checks.fleetMix, { mixes })
    })
  }

  test('groups can launch, register and replace', async ({ service }) => {
    const allowed = [...HELD, ...(before?.fleets.flatMap((fleet) => fleet.suspendedProcesses) ?? [])]
    await expect(service).toHaveNoSuspendedProcesses({ allowed })
  })
})
