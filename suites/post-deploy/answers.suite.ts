import { checks, describe, expect, suiteContext, test } from '#harness/test/index'

const { cloud, service: ref, thresholds } = suiteContext()
const page = { path: ref.url, limit: thresholds.errorRate }

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
    await expect(service).toPass(checks.answersAlike, { ...page, ...(traffic ? { requests: 8 } : {}) })
  })

  test('its DNS names resolve and are answered by the new version', async ({ service, release }) => {
    await expect(service).toResolveTo(release.version)
  })

  test('requests that take their time are answered', async ({ service }) => {
    await expect(service).toPass(checks.slowRequest, page)
  })

  // On a live account these would be real orders.
  if (cloud.kind !== 'live') {
    test('orders that were taken can be read', async ({ service }) => {
      await expect(service).toPass(checks.writesReadable, page)
    })
  }
})
