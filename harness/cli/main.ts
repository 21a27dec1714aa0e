import { Command, CommanderError, Option } from 'commander'
import { SluiceError } from '../errors.ts'
import { createOutput, type Output, printError } from './output.ts'

/** What a command is given. */
export interface Invocation {
  readonly flags: Flags
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly output: Output
  /** Aborts, with an `interrupted` error, on the first SIGINT, SIGTERM or SIGHUP. */
  readonly interrupt: AbortSignal
  /** Every such signal, the first included, with how many there were. */
  readonly onSignal: (listener: (name: string, times: number) => void) => void
}

interface Flags {
  readonly config?: string
  readonly cloud?: string
  readonly strategy?: string
  readonly release?: string
  readonly region?: string
  readonly json?: boolean
  readonly yes?: boolean
  readonly port?: number
  readonly dnsPort?: number
  readonly settle?: 'aws' | 'fast' | 'instant'
  readonly timeScale?: number
  readonly seed?: number
  readonly runs?: number
  readonly fault?: readonly string[]
  readonly output?: string
  readonly resilience?: boolean
  readonly service?: boolean
  readonly wait?: boolean
}

type Run = (invocation: Invocation, args: readonly string[]) => Promise<number>

/** Runs one command line; returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const output = createOutput(process.env)
  let exitCode = 0
  const action =
    (load: () => Promise<Run>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command
      const run = await load()
      const flags = command.optsWithGlobals<Flags>()
      exitCode = await run(
        { flags, cwd: process.cwd(), env: process.env, output, ...watchSignals() },
        command.args,
      )
    }
  const program = define(action, output)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
    return printError(output, thrown)
  }
}

type Action = (load: () => Promise<Run>) => (...given: unknown[]) => Promise<void>

function define(action: Action, output: Output): Command {
  const program = new Command('sluice')
    .description('Deploy on AWS, gate by gate; put everything back the moment a check fails.')
    .exitOverride()
    .configureOutput({ writeOut: output.data, writeErr: output.people })
    .showSuggestionAfterError()
  const command = (name: string, text: string): Command =>
    program
      .command(name)
      .description(text)
      .exitOverride()
      .configureOutput({ writeOut: output.data, writeErr: output.people })
  const configured = (name: string, text: string): Command =>
    command(name, text)
      .option('--config <file>', 'the config file (default: sluice.config.ts here)')
      .option('--cloud <kind>', 'embedded, localstack, endpoint, live, or a URL')
      .option('--release <name>', 'what to deploy: a key of `releases`')
      .option('--strategy <name>', 'how to deploy')
      .option('--region <name>', 'the region of the service')
      .option('--json', 'one JSON event a line on stdout')
  configured('deploy', 'deploy a release: gate, shift, gate, … promote or revert')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./deploy.ts')).deploy))
  configured('plan', 'print the stages; touches nothing').action(
    action(async () => (await import('./plan.ts')).plan),
  )
  configured('test', 'run the suites of a phase alone')
    .argument('[phase]', 'pre-deploy, shift, post-deploy or resilience', 'post-deploy')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./test.ts')).test))
  configured('policy', 'print the IAM policy that a deployment needs; reaches no cloud')
    .option('--resilience', 'with what the suites of the phase resilience do')
    .action(action(async () => (await import('./policy.ts')).policy))
  configured('status', 'how the service stands, who deploys to it, how the last deployment ended').action(
    action(async () => (await import('./status.ts')).status),
  )
  configured('revert', 'ask the deployment under way to go back; with none, take back the last one')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./revert.ts')).revert))
  configured('tidy', 'park what stood by after a deployment and need not any longer')
    .option('--wait', 'wait until its time is over')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./tidy.ts')).tidy))
  configured('approve', 'approve of the stage that waits for a person').action(
    action(async () => (await import('./approve.ts')).approve),
  )
  configured('resume', 'take up a deployment that was cut off, and end it')
    .argument('[journal]', 'its journal file or directory (default: the last deployment)')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./resume.ts')).resume))
  configured('unlock', 'take the service from a deployment that is gone for good')
    .option('--yes', 'do not ask')
    .action(action(async () => (await import('./unlock.ts')).unlock))
  configured('simulate', 'run many deployments in virtual time, each with chance of its own')
    .addOption(whole('--runs <number>', 'how many', 20))
    .addOption(whole('--seed <n>', 'of the first run; each run has the next one', 1))
    .option(
      '--fault <name>',
      'what befalls them: kill-instance, crash, throttle, lose-answer, stale, or JSON',
      several,
    )
    .action(action(async () => (await import('./simulate.ts')).simulate))
  configured('doctor', 'say whether a deployment could start here, and what to do if not').action(
    action(async () => (await import('./doctor.ts')).doctor),
  )
  command('cloud', 'serve the embedded cloud to any AWS client')
    .addOption(whole('--port <number>', 'port of the API', 4566))
    .addOption(whole('--dns-port <number>', 'port of the DNS server', 4553))
    .addOption(
      new Option('--settle <mode>', 'how long things take')
        .choices(['aws', 'fast', 'instant'])
        .default('aws'),
    )
    .addOption(positive('--time-scale <n>', 'cloud seconds per second', 1))
    .addOption(whole('--seed <n>', 'seed of everything random', 1))
    .option('--region <name>', 'the default region')
    .option('--service', 'with the service of the config in it, on its baseline')
    .option('--config <file>', 'the config file')
    .action(action(async () => (await import('./cloud.ts')).cloud))
  command('report', 'write the reports of a deployment again')
    .argument('[journal]', 'a journal file or its directory (default: the last deployment)')
    .option('--config <file>', 'the config file')
    .action(action(async () => (await import('./report.ts')).report))
  command('init', 'write a config and a suite to start from').action(
    action(async () => (await import('./init.ts')).init),
  )
  return program
}

const several = (given: string, before: readonly string[] = []): readonly string[] => [...before, given]

const whole = (flags: string, text: string, initial: number): Option =>
  numeric(flags, text, initial, (value) => Number.isInteger(value) && value >= 0, 'a whole number from 0')

const positive = (flags: string, text: string, initial: number): Option =>
  numeric(flags, text, initial, (value) => value > 0 && value <= 1_000, 'a number above 0, up to 1000')

function numeric(
  flags: string,
  text: string,
  initial: number,
  valid: (value: number) => boolean,
  expected: string,
): Option {
  return new Option(flags, text).default(initial).argParser((given) => {
    const value = given.trim() === '' ? Number.NaN : Number(given)
    if (valid(value)) return value
    throw new SluiceError('usage', `${flags.split(' ')[0]} is ${given}; expected ${expected}`)
  })
}

/** To the end of the process: a signal that comes while things are being put away must not cut that short. */
function watchSignals() {
  const controller = new AbortController()
  const listeners: Array<(name: string, times: number) => void> = []
  let times = 0
  const onSignal = (name: NodeJS.Signals): void => {
    times++
    controller.abort(new SluiceError('interrupted', `interrupted by ${name}`))
    for (const listener of listeners) listener(name, times)
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    interrupt: controller.signal,
    onSignal: (listener: (name: string, times: number) => void) => void listeners.push(listener),
  }
}
