import { expect, test } from 'vitest'
import type { WallClock } from '../clock.ts'
import { wallClock } from '../clock.ts'
import { GIVE_UP_AFTER, startSchedule } from './schedule.ts'

test('requests are planned at t0 + i / rate, and never sent before', async () => {
  const { schedule, sent } = record(wallClock, 500)
  await wallClock.sleep(100)
  schedule.stop()
  const [first] = sent
  expect(sent.length).toBeGreaterThan(10)
  for (const [i, { index, planned, lag }] of sent.entries()) {
    expect(index).toBe(i)
    expect(planned).toBeCloseTo((first?.planned ?? 0) + i * 2, 6)
    expect(lag).toBeGreaterThanOrEqual(0)
  }
})

test('after a delay all that is due is sent at once, with its lag', () => {
  const wall = handDriven()
  const { sent } = record(wall, 100)
  wall.advance(35)
  expect(sent.map(({ planned, lag }) => ({ planned, lag }))).toEqual([
    { planned: 0, lag: 0 },
    { planned: 10, lag: 25 },
    { planned: 20, lag: 15 },
    { planned: 30, lag: 5 },
  ])
})

test('what is far too late is given up and counted, and the grid stays where it was', () => {
  const wall = handDriven()
  const { sent, missed } = record(wall, 100)
  wall.advance(GIVE_UP_AFTER + 500)
  expect(missed()).toBe(49)
  expect(sent[1]).toEqual({ index: 50, planned: 500, lag: GIVE_UP_AFTER })
  expect(sent.at(-1)?.index).toBe(150)
  expect(sent.length + missed()).toBe(151)
})

test('catching up sends what is due without waiting for the timer', () => {
  const wall = handDriven()
  const { schedule, sent } = record(wall, 100)
  wall.pass(25)
  expect(sent).toHaveLength(1)
  schedule.catchUp()
  expect(sent).toHaveLength(3)
})

test('a stopped schedule sends nothing more', () => {
  const wall = handDriven()
  const { schedule, sent } = record(wall, 100)
  schedule.stop()
  wall.advance(100)
  expect(sent).toHaveLength(1)
})

function record(wall: WallClock, rate: number) {
  const sent: { index: number; planned: number; lag: number }[] = []
  let given = 0
  const schedule = startSchedule({
    rate,
    wall,
    due: (index, planned, lag) => sent.push({ index, planned, lag }),
    missed: (count) => {
      given += count
    },
  })
  return { schedule, sent, missed: () => given }
}

/** Time that passes when told to: `pass` lets timers be late, `advance` then fires the one that is set. */
function handDriven() {
  let now = 0
  let set: (() => void) | undefined
  return {
    now: () => now,
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
    timer(_: number, callback: () => void) {
      set = callback
      return {
        cancel: () => {
          set = undefined
        },
      }
    },
    pass(ms: number) {
      now += ms
    },
    advance(ms: number) {
      now += ms
      set?.()
    },
  }
}
