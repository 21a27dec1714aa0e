import type {
  Evidence,
  StageRef,
  SuiteContext,
  SuiteRunner,
  TestPick,
  TestResult,
  VersionMix,
} from '../gate.ts'
import { sharesByVersion } from '../mix.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { GateResult } from './run-gate.ts'
import { allowance, judgeSuites, mergeEvidence } from './verdict.ts'

/** Mixes beyond these are not run one by one: nothing is said of a system that passes through more. */
const MOST = 64

/** Wall milliseconds that the suites may take for one mix. */
const DEADLINE = 60_000

/** Every combination of the versions that serve at this moment, one of each service. */
function versionMixes(
  services: readonly ServiceSnapshot[],
  /** How fleets that run two releases split between them, where a stage says so. */
  mixes: StageRef['mixes'] = undefined,
): readonly VersionMix[] {
  return services.reduce<readonly VersionMix[]>(
    (found, { service, fleets, shares }) => {
      const releaseOf = (name: string): string => fleets.find((fleet) => fleet.name === name)?.release ?? name
      const versions = Object.entries(sharesByVersion(shares, releaseOf, mixes))
        .filter(([, share]) => share > 0)
        .map(([version]) => version)
      return found.flatMap((mix) => versions.map((version) => ({ ...mix, [service]: version })))
    },
    [{}],
  )
}

const describeMix = (mix: VersionMix): string =>
  Object.entries(mix)
    .map(([service, version]) => `${service} ${version}`)
    .join(', ')

interface ContractInput {
  readonly files: readonly string[]
  readonly pick: TestPick
  readonly runner: SuiteRunner
  readonly context: SuiteContext
  /** All services of the system as they stand. */
  readonly services: readonly ServiceSnapshot[]
  readonly stage: StageRef
  readonly signal: AbortSignal
}

interface Contract {
  readonly evidence: readonly Evidence[]
  readonly tests: readonly TestResult[]
}

/** Runs the same suites, if there are any, for every mix of old and new neighbours that serves side by side in a stage. */
export async function judgeContract(input: ContractInput): Promise<Contract> {
  const { files, pick, runner, context, services, stage, signal } = input
  if (files.length === 0) return { evidence: [], tests: [] }
  const mixes = versionMixes(services, stage.mixes)
  if (mixes.length > MOST) {
    const sentence = `${mixes.length} mixes of versions serve side by side, more than the ${MOST} that are tried: deploy fewer services at once`
    return { evidence: [{ metric: 'contract', status: 'inconclusive', sentence }], tests: [] }
  }
  const evidence: Evidence[] = []
  const tests: TestResult[] = []
  for (const mix of mixes) {
    signal.throwIfAborted()
    const run = await runner.run({
      files,
      pick,
      context: { ...context, mix, neighbours: services },
      deadline: DEADLINE,
      signal,
    })
    signal.throwIfAborted()
    const told = describeMix(mix)
    evidence.push(judgeSuites(run, `contract of ${told}`, allowance(context)))
    tests.push(...run.tests.map((test) => ({ ...test, name: `${test.name} [${told}]` })))
  }
  return { evidence, tests }
}

/** What a gate found, with what the contract said before it. */
export const withContract = (result: GateResult, { evidence, tests }: Contract): GateResult => ({
  ...result,
  verdict: mergeEvidence([...evidence, ...result.verdict.evidence]),
  tests: [...tests, ...result.tests],
})

/** The gate of a system whose contract is broken already: nothing else is waited for. */
export function brokenContract(contract: Contract): GateResult | undefined {
  const verdict = mergeEvidence(contract.evidence)
  if (contract.evidence.length === 0 || verdict.status === 'passed') return undefined
  return { verdict, tests: contract.tests, tookMs: 0, bakedMs: 0, suitesWallMs: 0 }
}
