import type { SuiteContext } from '../../gate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sluice: SuiteContext
  }
}
