import { checks, describe, expect, type ServiceSnapshot, suiteContext, test } from '#harness/test/index'

const { alarms: names = [] } = suiteContext().thresholds

const stableOf = (service: ServiceSnapshot) => service.fleets.filter(({ role }) => role === 'stable')

/** Wall milliseconds: longer than the longest wait of a matcher, so that its message is what a failure shows. */
const PATIENT = 120_000

describe.concurrent('the service before a deployment', { timeout: PATIENT }, () => {
  test('only the stable fleet gets traffic', async ({ service }) => {
    await expect(service).toRouteBy(Object.fromEntries(stableOf(service).map(({ name }) => [name, 100])))
  })

  test('every target is healthy', async ({ service }) => {
    await expect(service).toHaveHealthyTargets()
  })

  test('the stable fleet runs at its desired capacity', async ({ service }) => {
    await expect(service).toBeInService()
  })

  test('no process of its group is suspended', async ({ service }) => {
    await expect(service).toHaveNoSuspendedProcesses()
  })

  test('nothing else is replacing its instances', async ({ service }) => {
    await expect(service).toPass(checks.noRefresh)
  })

  if (names.length > 0) {
    test('the alarms that gates are judged by are quiet', async ({ service }) => {
      await expect(service).toHaveQuietAlarms(names)
    })
  }

  test('every instance runs what its group records', async ({ service }) => {
    await expect(service).toBeImmutable()
  })

  test('the main page answers, and well enough to compare with', async ({ service, context, thresholds }) => {
    const page = { path: context.service.url, limit: thresholds.errorRate, requests: 24 }
    await expect(service).toPass(checks.mainPage, page)
  })

  test('every instance answers as the release it is said to run', async ({
    service,
    context,
    thresholds,
  }) => {
    const page = { path: context.service.url, limit: thresholds.errorRate }
    await expect(service).toPass(checks.answersAlike, page)
  })
})
