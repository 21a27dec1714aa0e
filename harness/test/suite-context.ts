import { inject } from 'vitest'
import { SluiceError } from '../errors.ts'
import type { ClientGroup, SuiteContext } from '../gate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sluice: SuiteContext
  }
}

/**
 * What this run of the suites is about. Known while a suite file is collected, so a file may decide by it which tests
 * there are: a test that makes no sense is better not there than skipped, for a skipped one never opens a gate.
 */
export function suiteContext(): SuiteContext {
  const context: SuiteContext | undefined = inject('sluice')
  if (context) return context
  const hint =
    "run it with `npx sluice test`, or with `npx vitest --project <phase>` where the project has Sluice's set-up"
  // Vitest shows messages only.
  throw new SluiceError('usage', `this suite was started without a cloud and a service to look at: ${hint}`, {
    hint,
  })
}

/** The groups of clients that the config names; none unless it does. */
export const clientGroups = (): readonly ClientGroup[] => suiteContext().clients ?? []
