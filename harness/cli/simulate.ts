import { REALISTIC } from '#fixtures/clouds/embedded/in-process/noise'
import type { Config } from '../config.ts'
import { SluiceError } from '../errors.ts'
import { loadConfig } from './config-file.ts'
import type { Invocation } from './main.ts'
import { type Fault, readFault } from './simulate/faults.ts'
import { figuresOf, type RunFigures, tell } from './simulate/figures.ts'
import { unexpected } from './simulate/outcome.ts'
import { isGood, simulateDeployment } from './simulate/simulation.ts'

/**
 * `sluice simulate`: many deployments in virtual time, each with a seed of its own. Ends with 0 when every one of them
 * ended as it should: a good release promoted, a bad one taken back, and nothing left of what was taken back.
 */
export async function simulate(invocation: Invocation): Promise<number> {
  const { flags, cwd, env, output, interrupt } = invocation
  const config = await loadConfig({ cwd, env, flags })
  const faults = (flags.fault ?? []).map(readFault)
  const { runs: wanted = 20, seed: first = 1 } = flags
  announce(invocation, config, wanted, faults)
  const runs: RunFigures[] = []
  for (let seed = first; seed < first + wanted; seed++) {
    if (interrupt.aborted) break
    const figures = await simulateOne(config, seed, faults)
    runs.push(figures)
    if (flags.json) output.data(`${JSON.stringify({ type: 'simulated', ...figures })}\n`)
    else if (output.interactive) output.people(`\r${runs.length} of ${wanted}`)
  }
  if (output.interactive && !flags.json) output.people('\r')
  conclude(invocation, runs)
  if (interrupt.aborted) return 130
  return runs.every((run) => run.unexpected.length === 0) ? 0 : 3
}

/** One deployment, and whether it ended as it should. */
export async function simulateOne(
  config: Config,
  seed: number,
  faults: readonly Fault[],
): Promise<RunFigures> {
  const simulated = await simulateDeployment({ config, seed, noise: REALISTIC, faults })
  return figuresOf(simulated, unexpected(simulated, { good: isGood(config), faults }))
}

function announce({ output }: Invocation, config: Config, runs: number, faults: readonly Fault[]): void {
  const kind = isGood(config) ? 'a good release' : 'a release with defects'
  if (runs < 1) throw new SluiceError('usage', '--runs must be 1 at least')
  output.people(
    `simulating ${runs} deployments of ${config.release} (${kind}) by ${config.strategy.name}, ${config.probe.rate} requests/s${
      faults.length > 0 ? `, with ${faults.length} faults` : ''
    }\n`,
  )
}

/** Median, 95th percentile and maximum; then every run that calls for a look, with what repeats it. */
function conclude({ output, flags }: Invocation, runs: readonly RunFigures[]): void {
  if (runs.length > 0) {
    output.people(`${tell(runs)}\n(median / 95th percentile / maximum, in cloud time;\n`)
    output.people(` ${100 * REALISTIC.errorRate} % of requests fail by chance, whatever the release)\n`)
  }
  const odd = runs.filter((run) => run.unexpected.length > 0)
  for (const { seed, unexpected: why } of odd) {
    output.people(`seed ${seed} did not end as it should; --runs 1 --seed ${seed} repeats it:\n`)
    for (const line of why) output.people(`  ${line}\n`)
  }
  if (flags.json) {
    const seeds = odd.map(({ seed }) => seed)
    output.data(`${JSON.stringify({ type: 'simulation-ended', runs: runs.length, unexpected: seeds })}\n`)
  }
}
