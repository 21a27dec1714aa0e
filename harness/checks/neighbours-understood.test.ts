import { expect, test } from 'vitest'
import type { Findings } from './finding.ts'
import { checks } from './index.ts'
import { addCandidate, openSampleWorld } from './sample-world.ts'

const options = { path: '/', callers: ['1.0.0', '2.0.0'] }

async function look(defects: readonly Record<string, unknown>[]): Promise<Findings> {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world, defects)
  return await checks.neighboursUnderstood(world.cloud, service, options)
}

test('releases that answer callers of both versions alike pass', { timeout: 60_000 }, async () => {
  expect(await look([])).toEqual([])
})

test.each([
  ['reshapes what it answers', { kind: 'incompatible-neighbour' }, /field service is missing/],
  ['refuses', { kind: 'incompatible-neighbour', by: 'error' }, /status 400 instead of 200/],
  ['fails', { kind: 'incompatible-neighbour', callers: ['1.0.0'], path: '/version' }, /version is missing/],
])(
  'a candidate that %s for callers of the old version is found',
  { timeout: 60_000 },
  async (_, defect, message) => {
    const findings = await look([defect])
    const seen = findings.map((each) => `${each.subject}: ${each.seen}`).join('\n')
    expect(seen).toMatch(message)
    expect(seen).toMatch(/orders-2-0-0 .*asked by 1\.0\.0/)
    expect(seen).not.toMatch(/asked by 2\.0\.0|^orders /m)
  },
)
