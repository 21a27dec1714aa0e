import { describe, expect, test } from '#harness/test/index'

/** Wall milliseconds: what healing takes on a real account, and the last look at it. */
const WITHIN = 17 * 60_000

// One after another: what is lost twice at once is another ordeal.
describe('a service that is harmed', { timeout: WITHIN }, () => {
  test('replaces an instance that it lost, without a failed request', async ({ service }) => {
    await expect(service).toHealFrom('the loss of an instance')
  })

  test('replaces what ran in a zone that it lost, without a failed request once that is found', async ({
    service,
  }) => {
    await expect(service).toHealFrom('the loss of a zone')
  })

  test('serves on while AWS has no capacity, and replaces an instance when it has', async ({ service }) => {
    await expect(service).toHealFrom('a lack of capacity')
  })

  test('replaces an instance though the APIs are throttled', async ({ service }) => {
    await expect(service).toHealFrom('throttling')
  })
})
