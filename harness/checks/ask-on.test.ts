import { expect, test } from 'vitest'
import { seededRandom } from '#fixtures/random'
import type { Asked } from './ask.ts'
import { askOn, type Witness } from './ask-on.ts'

const limit = { ceiling: 0.02, alpha: 0.01 }
const answer = { headers: {}, body: '', version: '1.0.0', instanceId: 'i-1' }
const good: Asked = { answer: { ...answer, status: 200 } }
const bad: Asked = { answer: { ...answer, status: 500 } }

/** A fleet that fails at a rate, of which `errors` of the first 24 answers were bad. */
function fleet(name: string, rate: number, random: () => number, errors = 0): Witness & { more(): number } {
  let more = 0
  return {
    name,
    asked: Array.from({ length: 24 }, (_, i) => (i < errors ? bad : good)),
    ask: async () => {
      more++
      return random() < rate ? bad : good
    },
    more: () => more,
  }
}

test('a fleet that fails once in twenty is found by asking on more often than not, and told with the other', async () => {
  let found = 0
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(seed)
    const findings = await askOn(fleet('new', 0.05, random, 1), fleet('old', 0, random), limit)
    found += findings.length
    for (const { seen } of findings)
      expect(seen).toMatch(/^\d+ of \d+ requests failed, of old 0 of \d+ requests failed$/)
  }
  expect(found).toBeGreaterThan(50)
})

test('errors that both have alike accuse nobody more often than α says: Monte Carlo with its own bound', async () => {
  let accused = 0
  const runs = 1_000
  for (let seed = 0; seed < runs; seed++) {
    const random = seededRandom(seed)
    const errors = [0, 0].map(() => Array.from({ length: 24 }, () => random() < 0.05).filter(Boolean).length)
    const [own = 0, others = 0] = errors
    accused += (await askOn(fleet('new', 0.05, random, own), fleet('old', 0.05, random, others), limit))
      .length
  }
  expect(accused / runs).toBeLessThan(0.01 + 3.09 * Math.sqrt((0.01 * 0.99) / runs))
})

test('nobody is asked on who has no more errors than may be, and no longer than until that is cleared up', async () => {
  const random = seededRandom(1)
  const [clean, other] = [fleet('new', 0, random), fleet('old', 0, random)]
  expect(await askOn(clean, other, limit)).toEqual([])
  expect(clean.more() + other.more()).toBe(0)
  const [unlucky, another] = [fleet('new', 0, random, 1), fleet('old', 0, random)]
  expect(await askOn(unlucky, another, limit)).toEqual([])
  // One of fifty is the ceiling.
  expect(unlucky.more()).toBeLessThan(26 + 16)
})
