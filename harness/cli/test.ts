import { realpathSync } from 'node:fs'
import { tellSettings } from '../check-settings.ts'
import { SluiceError } from '../errors.ts'
import { allowance, judgeSuites, mergeEvidence } from '../gate/verdict.ts'
import { createSuiteRunner } from '../gate/vitest/index.ts'
import type { TestResult } from '../gate.ts'
import type { GatePhase } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'
import { suiteFiles } from './suite-files.ts'

const PHASES: readonly GatePhase[] = ['pre-deploy', 'shift', 'post-deploy', 'resilience']
const DEADLINE = 120_000
/** In cloud milliseconds on top, where suites wait for a service to heal, again and again. */
const HEALING = 60 * 60_000
const EXIT = { passed: 0, failed: 3, inconclusive: 4, error: 1 } as const

/** `sluice test [phase]`: the suites of one phase alone, against the service as it stands. */
export async function test(invocation: Invocation, [given]: readonly string[]): Promise<number> {
  const { flags, cwd, env, output, interrupt } = invocation
  const phase = phaseNamed(given ?? 'post-deploy')
  const config = await loadConfig({ cwd, env, flags })
  const { files, pick } = await suiteFiles(config, phase)
  const harms = phase === 'resilience'
  // Suites that do harm run one after another: what is lost twice at once is another ordeal.
  const workers = harms ? { maxWorkers: 1, testTimeout: DEADLINE } : {}
  await using runner = await createSuiteRunner({
    root: realpathSync(config.root),
    tags: pick.tags,
    ...workers,
  })
  await runner.check(files)
  await using scene = await openScene(config, config.cloud, interrupt, output.people)
  if (harms) {
    await confirm(
      invocation,
      scene.cloud.address,
      config,
      'terminate instances, to see that they are replaced',
    )
  }
  const context = {
    cloud: scene.cloud.address,
    service: config.service,
    phase,
    release: config.sites[0].baseline,
    baseline: config.sites[0].baseline,
    thresholds: config.gates,
    clients: config.clients,
    checks: config.checks,
  }
  const deadline = DEADLINE + (harms ? HEALING / scene.cloud.clock.scale : 0)
  const run = await runner.run({ files, pick, deadline, signal: interrupt, context })
  interrupt.throwIfAborted()
  const verdict = mergeEvidence([judgeSuites(run, 'suites', allowance(context))])
  if (flags.json)
    for (const result of run.tests) output.data(`${JSON.stringify({ type: 'test', phase, ...result })}\n`)
  if (flags.json) output.data(`${JSON.stringify({ type: 'verdict', phase, ...verdict })}\n`)
  for (const result of run.tests) output.people(line(result))
  for (const told of tellSettings(config.checks)) output.people(`- ${told}\n`)
  output.people(`\n${verdict.sentence}\n`)
  return EXIT[verdict.status]
}

const MARK = { passed: '✓', failed: '✗', inconclusive: '?', skipped: '-', pending: '-', flaky: '~' } as const

const line = ({ status, file, name, tookMs, message }: TestResult): string =>
  `${MARK[status]} ${file} > ${name} (${Math.round(tookMs)} ms)\n${message ? `    ${message.replaceAll('\n', '\n    ')}\n` : ''}`

function phaseNamed(given: string): GatePhase {
  const phase = PHASES.find((each) => each === given)
  if (phase) return phase
  throw new SluiceError('usage', `there is no phase ${given}`, { hint: `phases: ${PHASES.join(', ')}` })
}
