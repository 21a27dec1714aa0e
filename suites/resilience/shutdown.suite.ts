import { checks, expect, suiteContext, test } from '#harness/test/index'

const { cloud, service: ref } = suiteContext()

/** The boot of an instance and what comes of it: in cloud milliseconds, and in wall milliseconds with some to spare. */
const BOOT = 360_000
const PATIENT = BOOT + 20_000

// It launches an instance of its own: on a real account that is for its owner to ask for.
if (cloud.kind === 'embedded') {
  test('an instance that is told to end answers what is under way, then serves nobody', {
    timeout: PATIENT,
  }, async ({ service }) => {
    await expect(service).toPass(checks.shutsDown, { path: ref.url, timeout: BOOT })
  })
}
