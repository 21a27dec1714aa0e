export { type Config, type ConfigInput, defineConfig } from './config.ts'
export { SluiceError } from './errors.ts'
export type { JournalEvent } from './journal/event.ts'
export type { Plan, Release, ServiceSnapshot, Stage, Strategy } from './strategy.ts'
