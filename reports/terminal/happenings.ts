import type { createColors } from 'picocolors'
import { describeDowntime } from '#harness/downtime'
import type { TestResult } from '#harness/gate'
import type { JournalEvent } from '#harness/journal/event'
import { counted, duration, firstLine } from '#harness/journal/figures'
import { gateName } from '#harness/journal/summary/gates'
import { evidenceOf } from '#harness/journal/summary/trouble'
import { wrap } from '../wrap.ts'
import type { Live } from './live.ts'

type Colours = ReturnType<typeof createColors>
type GateEnded = Extract<JournalEvent, { readonly type: 'gate-ended' }>

const INDENT = 4

/** The lines that an event adds to the log; most add none. `live` already knows the event. */
export function happening(
  event: JournalEvent,
  live: Live,
  columns: number,
  colours: Colours,
): readonly string[] {
  const plain = (mark: string, text: string): readonly string[] =>
    wrap(text, columns - INDENT).map((line, i) => `${(i === 0 ? mark : '').padEnd(2)}${line}`)
  const under = (text: string): readonly string[] =>
    wrap(text, columns - INDENT).map((line) => colours.dim(' '.repeat(INDENT) + line))
  const { plan } = live
  switch (event.type) {
    case 'deployment-started':
      return beginningLines(event, columns).map((line, i) => (i === 0 ? colours.bold(line) : line))
    case 'stage-started':
      return plain('', event.name)
    case 'action-ended':
      return event.outcome === 'done'
        ? []
        : plain('✗', `${event.kind}: ${firstLine(event.error ?? event.outcome)}`).map(colours.red)
    case 'action-intended':
      return under(live.several ? `${event.scope}: ${event.what}` : event.what)
    case 'waited':
      return event.for === 'bake' ? [] : under(`waited ${duration(event.ms)} for ${event.for}: ${event.what}`)
    case 'gate-ended':
      return gateLines(event, live, plain).map(
        event.verdict.status === 'passed' ? colours.green : colours.red,
      )
    case 'approval-awaited':
      return plain(
        '?',
        `${event.stage} waits for approval, for ${duration(event.within)} at most: \`sluice approve\` goes on, \`sluice revert\` goes back`,
      ).map(colours.yellow)
    case 'approved':
      return plain('✓', `approved by ${event.by}`).map(colours.green)
    case 'interrupted':
      return plain('!', interruption(event.signal, event.times)).map(colours.yellow)
    case 'revert-started':
      return plain('←', `turning back from ${event.stage}: ${firstLine(event.sentence)}`).map(colours.yellow)
    case 'traffic-restored':
      return plain(
        '✓',
        `${event.scope === undefined ? (plan?.from ?? 'the old release') : `${event.scope}: the old release`} has all traffic (${counted(event.calls, 'call')}, ${duration(event.afterVerdictWallMs)} after the decision)`,
      )
    case 'last-seen':
      return under(
        `last answer of ${event.version}: ${duration(event.afterVerdictWallMs)} after the decision`,
      )
    case 'writes-read-back':
      return event.lost === 0
        ? []
        : plain('✗', `acknowledged writes are lost: ${counted(event.lost, 'write')} of ${event.written}`).map(
            colours.red,
          )
    case 'note':
      return event.level === 'info' ? under(event.text) : plain('!', event.text).map(colours.yellow)
    default:
      return []
  }
}

function beginningLines(
  { service, plan, cloud, planHash }: Extract<JournalEvent, { readonly type: 'deployment-started' }>,
  columns: number,
): readonly string[] {
  const time = cloud.scale === 1 ? '' : `, time runs ${cloud.scale} times as fast`
  const where =
    cloud.kind === 'embedded' ? 'the embedded cloud' : `${cloud.kind} cloud, account ${cloud.account}`
  const announced = describeDowntime(plan)
  const stages = plan.stages.map(({ name }) => name).join(', ')
  return [
    ...wrap(`${service} ${plan.from} → ${plan.to} by ${plan.strategy}`, columns),
    ...wrap(`on ${where}, ${cloud.region}${time}`, columns),
    ...wrap(`plan ${planHash.slice(0, 12)}: ${stages === '' ? 'nothing to do' : stages}`, columns),
    ...(announced === undefined ? [] : wrap(announced, columns)),
  ]
}

function gateLines(
  gate: GateEnded,
  live: Live,
  plain: (mark: string, text: string) => readonly string[],
): readonly string[] {
  const name = gateName(gate)
  if (gate.verdict.status === 'passed') {
    const sent = live.requests - live.entered.requests
    const harmed = live.harmed - live.entered.harmed
    const facts = [
      `${name} passed: ${checks(gate.tests)}`,
      ...(gate.bakedMs > 0 ? [`baked ${duration(gate.bakedMs)}`] : []),
      `${counted(sent, 'request')}, ${harmed} failed`,
    ]
    const config = gate.verdict.evidence.filter(({ metric }) => metric === 'config')
    return [...plain('✓', facts.join(', ')), ...config.flatMap(({ sentence }) => plain('', `- ${sentence}`))]
  }
  return [
    ...plain('✗', `${name} ${gate.verdict.status}: ${firstLine(gate.verdict.sentence)}`),
    ...evidenceOf(gate).flatMap((line) => plain('', `- ${line}`)),
  ]
}

function checks(tests: readonly TestResult[]): string {
  const skipped = tests.filter(({ status }) => status === 'skipped').length
  const flaky = tests.filter(({ status }) => status === 'flaky').length
  const rest = [...(skipped > 0 ? [`${skipped} skipped`] : []), ...(flaky > 0 ? [`${flaky} flaky`] : [])]
  const ran = counted(tests.length - skipped, 'check')
  return rest.length === 0 ? ran : `${ran} (${rest.join(', ')})`
}

const interruption = (signal: string, times: number): string =>
  times === 1
    ? `${signal}: turning back, then leaving`
    : `${signal} again: already turning back, which is not torn up; it ends by itself`
