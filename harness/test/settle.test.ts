import { expect, test } from 'vitest'
import { type Findings, unknown, waiting, wrong } from '../checks/finding.ts'
import { scaledClock } from '../clock.ts'
import { settle } from './settle.ts'

const what = { subject: 'i-1', expected: 'healthy', seen: 'initial', hint: 'wait' }
const clock = scaledClock(1_000)

/** Looks that see these findings, one after the other; the last one for good. */
const seeing = (...looks: Findings[]) => {
  let next = 0
  return async (): Promise<Findings> => looks[Math.min(next++, looks.length - 1)] ?? []
}

test('what comes right is waited for, and the log says what was seen before', async () => {
  const settled = await settle(seeing([waiting(what)], [waiting(what)], []), { clock, timeout: 60_000 })
  expect(settled.findings).toEqual([])
  expect(settled.looks).toBe(3)
  expect(settled.log.map(({ findings }) => findings.length)).toEqual([1, 0])
})

test('a fact is not waited for', async () => {
  const settled = await settle(seeing([wrong(what)], []), { clock, timeout: 60_000 })
  expect(settled.findings).toEqual([wrong(what)])
  expect(settled.looks).toBe(1)
})

test('what could not be seen is looked at again', async () => {
  const settled = await settle(seeing([unknown(what)], []), { clock, timeout: 60_000 })
  expect(settled.findings).toEqual([])
})

test('what stays as it is is given up at the deadline', async () => {
  const settled = await settle(seeing([waiting(what)]), { clock, timeout: 5_000 })
  expect(settled.findings).toEqual([waiting(what)])
  expect(settled.log).toHaveLength(1)
})

test('a look that never ends is cut off, and what the one before saw stands', async () => {
  let looks = 0
  const hangingLater = (signal: AbortSignal): Promise<Findings> =>
    looks++ === 0
      ? Promise.resolve([waiting(what)])
      : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const impatient = {
    ...clock,
    wall: { ...clock.wall, timer: (ms: number, call: () => void) => clock.wall.timer(ms / 200, call) },
  }
  const settled = await settle(hangingLater, { clock: impatient, timeout: 60_000 })
  expect(settled.findings).toEqual([waiting(what)])
})

test('without patience there is one look, and it may end', async () => {
  const slow = async (signal: AbortSignal): Promise<Findings> => {
    await clock.wall.sleep(20, signal)
    return [waiting(what)]
  }
  const settled = await settle(slow, { clock, timeout: 0 })
  expect(settled).toMatchObject({ findings: [waiting(what)], looks: 1 })
})

test('an abort ends the wait with its reason', async () => {
  const stop = new AbortController()
  const settled = settle(seeing([waiting(what)]), { clock, timeout: 3_600_000, signal: stop.signal })
  stop.abort(new Error('the run was cancelled'))
  await expect(settled).rejects.toThrow('the run was cancelled')
})
