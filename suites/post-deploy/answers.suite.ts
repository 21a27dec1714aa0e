import { checks, describe, expect, suiteContext, test } from '#harness/test/index'

const { service: ref, thresholds } = suiteContext()
const page = { path: ref.url, limit: thresholds.errorRate }

/** Where the probe has asked all along, once at every place is enough. */
const once = (traffic: unknown): { times?: number } => (traffic ? { times: 1 } : {})

describe.concurrent('the answers after a deployment', () => {
  test('only the new version is served', async ({ service, release, traffic }) => {
    if (traffic) {
      // The probe has asked all along: what it saw counts, and a few more requests do.
      await expect(service).toSplitTrafficAs(service.shares, traffic)
      await expect(service).toServeOnly(release.version, { requests: 4 })
    } else {
      await expect(service).toServeOnly(release.version, { requests: 50 })
    }
  })

  test('every instance asked directly serves the main page', async ({ service, traffic }) => {
    await expect(service).toPass(checks.answersAlike, { ...page, ...once(traffic) })
  })

  test('requests that take their time are answered', async ({ service, traffic }) => {
    await expect(service).toPass(checks.slowRequest, { ...page, ...once(traffic) })
  })
})
