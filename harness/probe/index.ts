export { harmed, requests } from './fold.ts'
export { createTrafficLedger } from './ledger.ts'
export { silentProbe } from './silent-probe.ts'
export { type RunningProbe, startProbe } from './start-probe.ts'
