export { harmed, requests } from './fold.ts'
export { createTrafficLedger } from './ledger.ts'
export { startProbe } from './start-probe.ts'
