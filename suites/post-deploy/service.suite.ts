import { checks, describe, expect, suiteContext, test } from '#harness/test/index'

const { before, cloud, service: ref, thresholds } = suiteContext()
const page = { path: ref.url, limit: thresholds.errorRate }

/** Wall milliseconds: longer than the longest wait of a matcher, so that its message is what a failure shows. */
const PATIENT = 120_000

describe.concurrent('the service after a deployment', { timeout: PATIENT }, () => {
  test('every instance runs the recorded image and launch template version', async ({ service }) => {
    await expect(service).toBeImmutable()
  })

  test('as many instances serve as are desired', async ({ service }) => {
    await expect(service).toBeInService()
  })

  test('every target is healthy', async ({ service }) => {
    await expect(service).toHaveHealthyTargets()
  })

  test('instances are spread evenly over the zones', async ({ service }) => {
    await expect(service).toPass(checks.zoneBalance)
  })

  test('fleets that served before are parked at 0 and drained', async ({ service }) => {
    await expect(service).toHaveDrained()
  })

  test('no target group is left over with targets', async ({ service }) => {
    await expect(service).toPass(checks.orphans)
  })

  test('there is a way back', async ({ service }) => {
    const models = before?.fleets.filter(({ role }) => role === 'stable')
    await expect(service).toBeRevertible({ launchTemplates: models?.map((fleet) => fleet.launchTemplate) })
  })

  if (before) {
    test('sizes and suspended processes are as before', async ({ service }) => {
      await expect(service).toPass(checks.restored, { before })
    })
  } else {
    test('no process is suspended', async ({ service }) => {
      await expect(service).toHaveNoSuspendedProcesses()
    })
  }

  test('its DNS names resolve and are answered by the new version', async ({ service, release }) => {
    await expect(service).toResolveTo(release.version)
  })

  // On a live account these would be real orders.
  if (cloud.kind !== 'live') {
    test('orders that were taken can be read', async ({ service, traffic }) => {
      // Where the probe has asked all along, once at every place is enough.
      await expect(service).toPass(checks.writesReadable, { ...page, ...(traffic ? { times: 1 } : {}) })
    })
  }
})
