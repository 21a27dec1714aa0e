export { createSuiteRunner, type WarmSuiteRunner } from './suite-runner.ts'
