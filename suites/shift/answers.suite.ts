import {
  checks,
  clientGroups,
  describe,
  expect,
  type FleetSnapshot,
  suiteContext,
  test,
} from '#harness/test/index'

const { cloud, service: ref, thresholds, stage: first, look } = suiteContext()
const page = { path: ref.url, limit: thresholds.errorRate }

/** Cloud milliseconds in which an instance boots and is told to end; in wall milliseconds, time to spare. */
const BOOT = 360_000

/** Before users meet a release, it is asked so often that one error in twenty is hardly ever missed. */
const requests = first?.index === 0 && look === 'opening' ? 72 : undefined

describe.concurrent('the answers while traffic shifts', () => {
  test('instances asked directly serve their own version and the main page that stable serves', async ({
    service,
  }) => {
    const reference = service.fleets.find(({ role }) => role === 'stable')?.name
    await expect(service).toPass(checks.answersAlike, { ...page, reference, requests })
  })

  if (first?.test) {
    const { header: headers, listener } = first.test
    const how = headers ? 'requests with the test header' : `the test listener on port ${listener}`
    test(`${how} reach the new release, and nothing else`, async ({ service, release }) => {
      const tested = { ...page, headers, listener, version: release.version, requests: 24 }
      await expect(service).toPass(checks.servedVersion, tested)
    })
  }

  for (const { header } of clientGroups()) {
    const who = Object.entries(header).map((pair) => pair.join(': '))
    test(`clients with ${who.join(', ')} are served as others are`, async ({ service }) => {
      await expect(service).toPass(checks.answersAlike, { ...page, headers: header })
    })
  }

  test('versions served split as the weights say', async ({ service, stage, traffic }) => {
    const { mixes, route } = stage ?? {}
    await expect(service).toSplitTrafficAs(stage?.shares ?? service.shares, traffic, { mixes, route })
  })

  test('by the count of the load balancer, requests to the candidate fail no more often than others', async ({
    service,
  }) => {
    await expect(service).toAnswerRequests()
  })

  test('requests that take their time are answered', async ({ service }) => {
    await expect(service).toPass(checks.slowRequest, page)
  })

  test('clients that the listener is to keep stay with their release', async ({ service }) => {
    await expect(service).toKeepClients()
  })

  test('a session opened by one release is known to the other', async ({ service }) => {
    await expect(service).toPass(checks.sessionKept, page)
  })

  test('neighbours of the old and of the new version are understood', async ({
    service,
    release,
    baseline,
  }) => {
    const callers = [baseline.version, release.version]
    await expect(service).toPass(checks.neighboursUnderstood, { ...page, callers })
  })

  // It launches an instance of its own, once a deployment: on a real account that is for its owner to ask for.
  if (cloud.kind === 'embedded' && first?.index === 0 && look === 'opening') {
    test('an instance that is told to end answers what is under way, then serves nobody', {
      timeout: BOOT + 20_000,
    }, async ({ service, release }) => {
      const runsIt = (fleet: FleetSnapshot): boolean =>
        fleet.role === 'candidate' || fleet.mixed !== undefined || fleet.release === release.version
      const fleets = service.fleets.filter(runsIt).map(({ name }) => name)
      await expect(service).toPass(checks.shutsDown, { path: ref.url, fleets, timeout: BOOT })
    })
  }

  // On a live account these would be real orders.
  if (cloud.kind !== 'live') {
    test('an order taken by one release can be read through the other', async ({ service }) => {
      await expect(service).toPass(checks.writesReadable, page)
    })
  }
})
