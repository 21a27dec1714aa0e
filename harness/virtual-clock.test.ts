import { expect, test } from 'vitest'
import { deadline, wallClock } from './clock.ts'
import { virtualClock } from './virtual-clock.ts'

const START = 1_000_000

test('time steps to what is due next, in the order of instants and then of coming', async () => {
  const clock = virtualClock(START)
  const seen: string[] = []
  const note = (what: string) => () => void seen.push(`${what} at ${clock.now() - START}`)
  await clock.run(async () => {
    clock.timer(3_600_000, note('late'))
    clock.timer(10, note('first of two'))
    clock.timer(10, note('second of two'))
    clock.timer(5, note('early'))
    clock.wall.timer(7, note('wall'))
    const given = clock.timer(6, note('cancelled'))
    given.cancel()
    await clock.sleep(3_600_001)
  })
  expect(seen).toEqual([
    'early at 5',
    'wall at 7',
    'first of two at 10',
    'second of two at 10',
    'late at 3600000',
  ])
  expect(clock.now()).toBe(START + 3_600_001)
})

test('it stands still while promises and ticks have something to do', async () => {
  const clock = virtualClock(START)
  const at = await clock.run(async () => {
    clock.timer(1, () => {})
    for (let i = 0; i < 50; i++) await Promise.resolve()
    await new Promise<void>((resolve) => process.nextTick(resolve))
    return clock.now()
  })
  expect(at).toBe(START)
})

test('it stands still for what takes real time, save where that lets it pass', async () => {
  const clock = virtualClock(START)
  const [real, passed] = await clock.run(async () => {
    clock.timer(1, () => {})
    const work = clock.still(async () => {
      await wallClock.sleep(5)
      const real = clock.now()
      await clock.passing(() => clock.sleep(20))
      return [real, clock.now()]
    })
    return await work
  })
  expect([real, passed]).toEqual([START, START + 20])
})

test('waits too short to change a number come to an end', async () => {
  const clock = virtualClock(Date.UTC(2026, 0, 1))
  await clock.run(async () => {
    for (let i = 0; i < 10; i++) await clock.sleep(1e-9)
  })
  expect(clock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1))
})

test('a wait ends with its signal, and a deadline comes in its time', async () => {
  const clock = virtualClock(START)
  const why = await clock.run(async () => {
    using limit = deadline(clock, 250, () => new Error('too late'))
    return await clock
      .sleep(1_000, limit.signal)
      .catch((thrown: Error) => `${thrown.message}: ${clock.now() - START}`)
  })
  expect(why).toBe('too late: 250')
})

test('what waits for nothing that could come is told so', async () => {
  const clock = virtualClock(START)
  await expect(clock.run(() => new Promise(() => {}))).rejects.toThrow('waits for something that never comes')
  await expect(clock.run(() => Promise.reject(new Error('of its own')))).rejects.toThrow('of its own')
})

test('ten thousand timers in any order come in theirs, but those that were called off', async () => {
  const clock = virtualClock(START)
  const seen: number[] = []
  await clock.run(async () => {
    const timers = Array.from({ length: 10_000 }, (_, i) =>
      clock.timer((i * 7_919) % 10_007, () => void seen.push(clock.now())),
    )
    for (let i = 0; i < 5_000; i++) timers[(i * 3_001) % 10_000]?.cancel()
    await clock.sleep(10_008)
    for (const timer of timers) timer.cancel()
  })
  expect(seen).toHaveLength(5_000)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
})
