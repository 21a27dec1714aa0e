export { harmed, requests } from './fold.ts'
export { createTrafficLedger } from './ledger.ts'
export { type RunningProbe, startProbe } from './start-probe.ts'
