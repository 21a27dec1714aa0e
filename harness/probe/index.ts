export { createProbe, type ProbeOptions } from './create-probe.ts'
export { countsByVersion, harmed, mergeWindows, requests, type VersionCount } from './fold.ts'
export { createTrafficLedger, type TrafficLedger } from './ledger.ts'
export { type RunningProbe, type StartOptions, startProbe } from './start-probe.ts'
