import type { WallClock } from '../clock.ts'
import type { WritesReport, WritesSpec } from '../probe.ts'
import type { Ask, Question, Report } from './ask.ts'
import { firstDifference } from './difference.ts'
import type { Answer, Judgement } from './expectation.ts'
import type { Send } from './lane.ts'

/** Wall milliseconds that reading everything back may take. */
export const READ_BACK_LIMIT = 10_000

/** Writes remembered; beyond them there is only reading. */
const MOST_WRITES = 2_000
/** Wall milliseconds before the first read: a store may take a moment to show everybody what it took. */
const READ_AFTER = 500
const READS_AT_ONCE = 16
const READ_ATTEMPTS = 3
const READ_PAUSE = 100
const LOSSES_TOLD = 10

/** Answers that say that a service takes no such writes. */
const NOT_OFFERED: readonly number[] = [401, 403, 404, 405, 501]
const GONE: readonly number[] = [404, 410]

/** A ledger of what the service acknowledged. */
export interface Writes {
  /** The write or the read whose turn it is; none where the service takes no writes, or it has not said yet. */
  next(): Send | undefined
  /** Reads everything back; `lost` hears of each write found lost meanwhile, with the version that answered. */
  readBack(when: 'meanwhile' | 'last', lost: (version: string, remark: string) => void): Promise<WritesReport>
}

interface Write {
  readonly path: string
  /** The answer that acknowledged it, and the version that gave it. */
  readonly body: string
  readonly by: string
  readonly at: number
  lost: boolean
}

interface Parts {
  readonly spec: WritesSpec
  readonly origin: string
  readonly ask: Ask
  readonly versions: readonly string[]
  readonly wall: WallClock
}

export function createWrites({ spec, origin, ask, versions, wall }: Parts): Writes {
  const kept: Write[] = []
  const losses: string[] = []
  let offered: 'unknown' | 'yes' | 'no' = 'unknown'
  let asking = 0
  let closed = false
  let turn: 'write' | 'read' = 'write'
  let neverRead = 0
  let again = 0

  const write: Question = {
    path: spec.path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(spec.body),
    reads: true,
    judge(answer) {
      const path = placeOf(answer, spec.path, origin)
      if (path !== undefined) {
        offered = 'yes'
        kept.push({ path, body: answer.body, by: answer.version, at: wall.now(), lost: false })
        return { outcome: 'ok' }
      }
      const refused = answer.status < 500 || NOT_OFFERED.includes(answer.status)
      if (offered === 'unknown' && refused) offered = 'no'
      if (offered === 'no') return { outcome: 'ok' }
      const remark = `POST ${spec.path} was answered with ${answer.status} and no place to read it`
      return { outcome: failureOf(answer, versions), remark }
    },
  }
  const sendWrite: Send = (report) => {
    asking += 1
    ask(write, {
      started: report.started,
      ended(...end) {
        asking -= 1
        report.ended(...end)
      },
    })
  }
  const readOf = (one: Write): Question => ({
    path: one.path,
    method: 'GET',
    reads: true,
    judge(answer) {
      const judged = judgeRead(one, answer, versions)
      if (judged.outcome !== 'lost-write') return judged
      // Two reads of one write may be under way: it is lost but once.
      if (one.lost) return { outcome: 'ok' }
      one.lost = true
      losses.push(judged.remark ?? one.path)
      return judged
    },
  })
  /** What was never read yet, as soon as it may be; or else the one that was not read for longest. */
  const nextRead = (): Write | undefined => {
    const first = kept[neverRead]
    if (first && first.at + READ_AFTER <= wall.now()) {
      neverRead += 1
      return first
    }
    for (let tries = 0; tries < neverRead; tries += 1) {
      const one = kept[again++ % neverRead]
      if (one && !one.lost) return one
    }
    return undefined
  }

  return {
    next() {
      if (offered === 'no' || (offered === 'unknown' && (asking > 0 || closed))) return undefined
      const writes = turn === 'write' && !closed && kept.length + asking < MOST_WRITES
      turn = turn === 'write' ? 'read' : 'write'
      if (writes) return sendWrite
      const one = nextRead()
      return one && ((report) => ask(readOf(one), report))
    },
    async readBack(when, lost) {
      const until = wall.now() + READ_BACK_LIMIT
      if (when === 'last') closed = true
      while (closed && asking > 0 && wall.now() < until) await wall.sleep(READ_PAUSE / 10)
      const all = [...kept]
      const waiting = all.values()
      let read = 0
      const reader = async (): Promise<void> => {
        for (const one of waiting) if (await readSurely(one)) read += 1
      }
      const readSurely = async (one: Write): Promise<boolean> => {
        for (let attempt = 0; attempt < READ_ATTEMPTS && !one.lost && wall.now() < until; attempt += 1) {
          if (attempt > 0) await wall.sleep(READ_PAUSE)
          const { outcome, version, remark } = await once(ask, readOf(one))
          if (outcome === 'lost-write') lost(version, remark ?? one.path)
          if (outcome === 'ok') return !one.lost
        }
        return false
      }
      await Promise.all(Array.from({ length: READS_AT_ONCE }, reader))
      const gone = all.filter((one) => one.lost).length
      return {
        written: all.length,
        read,
        lost: gone,
        unread: all.length - read - gone,
        losses: losses.slice(0, LOSSES_TOLD),
      }
    },
  }
}

/** Where an acknowledged write can be read; undefined when it was not acknowledged, or nobody can tell where it is. */
function placeOf({ status, headers, body }: Answer, path: string, origin: string): string | undefined {
  if (status < 200 || status > 299) return undefined
  const location = [headers['location'] ?? []].flat()[0]
  const url = location === undefined ? undefined : URL.parse(location, `${origin}${path}`)
  if (url?.origin === origin) return `${url.pathname}${url.search}`
  const parsed = parse(body)
  const id = typeof parsed === 'object' && parsed !== null && 'id' in parsed ? parsed.id : undefined
  if (typeof id !== 'string' && typeof id !== 'number') return undefined
  return `${path.replace(/\/$/, '')}/${encodeURIComponent(id)}`
}

function failureOf({ status, version }: Answer, versions: readonly string[]): Judgement['outcome'] {
  if (status >= 500) return version === '' ? 'elb-5xx' : 'target-5xx'
  if (version !== '' && !versions.includes(version)) return 'unknown-version'
  return status >= 200 && status <= 299 ? 'wrong-body' : 'wrong-status'
}

/** Only who is known to be the service can say that a write is gone: a load balancer's own 404 says nothing of it. */
function judgeRead(one: Write, answer: Answer, versions: readonly string[]): Judgement {
  const { status, version, body } = answer
  const known = version === '' ? one.by === '' : versions.includes(version)
  const write = `${one.path}, acknowledged by ${one.by || 'the service'},`
  const reader = version || 'the service'
  if (known && GONE.includes(status)) {
    return { outcome: 'lost-write', remark: `${write} was gone when ${reader} was asked for it (${status})` }
  }
  const failed = { outcome: failureOf(answer, versions) }
  if (status < 200 || status > 299 || failed.outcome === 'unknown-version') return failed
  const difference = firstDifference(parse(one.body), parse(body))
  if (difference === undefined) return { outcome: 'ok' }
  if (!known) return failed
  return {
    outcome: 'lost-write',
    remark: `${write} was changed when ${reader} was asked for it: ${difference}`,
  }
}

/** What text says, or the text itself where it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Ended {
  readonly outcome: Parameters<Report['ended']>[0]
  readonly version: string
  readonly remark: string | undefined
}

const once = (ask: Ask, question: Question): Promise<Ended> =>
  new Promise((resolve) => {
    ask(question, {
      started: () => undefined,
      ended: (outcome, version, remark) => resolve({ outcome, version, remark }),
    })
  })
