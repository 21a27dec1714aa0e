import '../../test/index.ts'
import { test } from 'vitest'

/** Loads into a new worker what all suites need, before the first of them is waited for. */
test('the worker is warm', () => {})
