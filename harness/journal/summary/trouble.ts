import type { JournalEvent } from '../event.ts'
import { firstLine } from '../figures.ts'
import type { GateSummary, Trouble } from '../summary.ts'
import { eventsOf } from './events.ts'

/** Why a deployment did not go through, and on what evidence. */
export function troubleOf(
  events: readonly JournalEvent[],
  gates: readonly GateSummary[],
): Trouble | undefined {
  const ended = eventsOf(events, 'deployment-ended')[0]
  if (ended?.state === 'promoted' || ended?.state === 'nothing-to-do') return undefined
  const reverted = eventsOf(events, 'revert-started').at(-1)
  // A release that was only to be tried went as it should.
  if (reverted?.cause === 'planned' && ended?.state === 'reverted') return undefined
  const shut = gates.findLast(({ verdict }) => verdict.status !== 'passed')
  const interrupted = eventsOf(events, 'interrupted').at(0)
  if (!reverted && !shut && !ended) return undefined
  if (reverted?.cause === 'interrupted' || (!reverted && interrupted && !shut)) {
    return {
      stage: reverted?.stage ?? 'pre-deploy',
      gate: undefined,
      status: 'interrupted',
      sentence: reverted?.sentence ?? `Interrupted by ${interrupted?.signal ?? 'a signal'}.`,
      evidence: [],
    }
  }
  if (shut && reverted?.cause !== 'error') {
    return {
      stage: shut.name,
      gate: shut.phase,
      status: shut.verdict.status === 'passed' ? 'error' : shut.verdict.status,
      sentence: shut.verdict.sentence,
      evidence: [...evidenceOf(shut), ...(ended?.state === 'revert-incomplete' ? errorsOf(events) : [])],
    }
  }
  return {
    stage: reverted?.stage ?? 'pre-deploy',
    gate: undefined,
    status: reverted?.cause === 'gate' ? 'failed' : 'error',
    sentence: reverted?.sentence ?? ended?.sentence ?? '',
    evidence: errorsOf(events),
  }
}

/** Looks and tests that kept a gate shut, each as one line. */
export function evidenceOf(gate: Pick<GateSummary, 'verdict' | 'tests'>): readonly string[] {
  const tests = gate.tests.filter(({ status }) => status !== 'passed' && status !== 'skipped')
  // What suites showed is told by their tests.
  const told = (metric: string): boolean => tests.length > 0 && metric.startsWith('suites')
  const looks = gate.verdict.evidence.filter(({ status, metric }) => status !== 'passed' && !told(metric))
  return [
    ...looks.map(({ metric, sentence }) => `${metric}: ${firstLine(sentence)}`),
    ...tests.map(({ file, name, status, message }) => {
      const why = message === undefined ? status : firstLine(message)
      return `${file} > ${name}: ${why}`
    }),
  ]
}

function errorsOf(events: readonly JournalEvent[]): readonly string[] {
  const intended = new Map(eventsOf(events, 'action-intended').map(({ id, what }) => [id, what]))
  const failed = eventsOf(events, 'action-ended').filter(({ outcome }) => outcome === 'failed')
  const notes = eventsOf(events, 'note').filter(({ level }) => level === 'error')
  return [
    ...failed.map(
      ({ id, kind, error }) =>
        `${intended.get(id) ?? kind}: ${firstLine(error ?? 'failed without a message')}`,
    ),
    ...notes.map(({ text }) => firstLine(text)),
  ]
}
