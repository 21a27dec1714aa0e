export { createSuiteRunner, type SuiteRunnerOptions, type WarmSuiteRunner } from './suite-runner.ts'
