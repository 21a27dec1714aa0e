import { expect, test } from './index.ts'

/** Run by `suites.test.ts` in the midst of a deployment that is at its half: uses every fixture that suites are given. */
test('all that a suite may ask for by name is there', async ({
  cloud,
  clock,
  service,
  http,
  release,
  baseline,
  stage,
  probe,
  traffic,
  thresholds,
  context,
  signal,
}) => {
  expect(clock).toBe(cloud.clock)
  expect(service.fleets.map(({ name }) => name)).toEqual(['orders'])
  const answer = await http.get('/', { signal })
  expect(answer.version).toBe(baseline.version)
  expect(answer.json()).toBeTypeOf('object')
  expect([baseline.version, release.version]).toEqual(['1.0.0', '2.0.0'])
  expect(stage).toMatchObject({ name: 'canary 50%' })
  expect(probe).toMatchObject({ requests: 3, harmed: 1, byVersion: { '1.0.0': { ok: 2, harmed: 0 } } })
  expect(probe?.window).toEqual(traffic)
  expect(thresholds).toEqual(context.thresholds)
  expect(signal.aborted).toBe(false)
})
