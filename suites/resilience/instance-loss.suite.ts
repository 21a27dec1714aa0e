import { checks, describe, expect, test } from '#harness/test/index'

/** Cloud milliseconds: a drain, a boot and the first health checks. */
const WITHIN = 15 * 60_000

describe('a service that loses an instance', () => {
  test('replaces it without a failed request', { timeout: WITHIN }, async ({ service, context }) => {
    await expect(service).toPass(checks.selfHealing, {
      path: context.service.url,
      within: WITHIN,
      timeout: WITHIN + 60_000,
    })
  })
})
