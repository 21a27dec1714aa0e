import { expect, test } from 'vitest'
import { Owned } from './owned.ts'

test('things end in reverse, the others too when one fails, and every failure is told', async () => {
  const ended: string[] = []
  const thing = (name: string, fails = false) => ({
    [Symbol.asyncDispose]: async () => {
      ended.push(name)
      if (fails) throw new Error(`${name} failed`)
    },
  })
  const owned = new Owned()
  owned.use(thing('first', true))
  owned.defer(() => void ended.push('second'))
  owned.use(thing('third', true))
  const failure = await owned[Symbol.asyncDispose]().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(ended).toEqual(['third', 'second', 'first'])
  expect(failure).toBeInstanceOf(AggregateError)
  await owned[Symbol.asyncDispose]()
  expect(ended).toHaveLength(3)
})

test('what was handed on ends with its new owner alone', async () => {
  const ended: string[] = []
  let heir: Owned
  {
    await using owned = new Owned()
    owned.defer(() => void ended.push('thing'))
    heir = owned.move()
  }
  expect(ended).toEqual([])
  await heir[Symbol.asyncDispose]()
  expect(ended).toEqual(['thing'])
})
