import { defineConfig } from 'vitest/config'

const source = {
  resolve: { conditions: ['sluice-source', 'node'] },
  ssr: { resolve: { conditions: ['sluice-source', 'node'] } },
}
const execArgv = ['--conditions=sluice-source']

/** The suites of one phase run alone, with no harness, on the cloud that `SLUICE_CLOUD` or the config names. */
const suites = (phase: string) => ({
  ...source,
  test: {
    name: phase,
    include: [`suites/${phase}/**/*.suite.ts`],
    globalSetup: ['harness/cli/standalone.ts'],
    execArgv,
    testTimeout: 60_000,
    // What is lost twice at once is another ordeal.
    fileParallelism: phase !== 'resilience',
  },
})

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['{harness,strategies,fixtures,suites,reports,bench}/**/*.test.ts'],
          execArgv,
          testTimeout: 20_000,
        },
      },
      ...['pre-deploy', 'shift', 'post-deploy', 'resilience'].map(suites),
    ],
  },
})
