import type { Dispatcher } from 'undici'
import type { WallClock } from '../clock.ts'
import type { ProbeSpec } from '../probe.ts'
import { createAsk, type Guise, type Question, type Report } from './ask.ts'
import { judgeAnswer } from './expectation.ts'
import { questionOf } from './target.ts'

export type Send = (report: Report) => void

/**
 * Asks for the main page and the other targets in turn. In the lane `fresh` every request asks for its connection to be closed and so needs a
 * dispatcher of its own, or it would take an idle connection of the other lane.
 */
export function createLane(
  lane: 'fresh' | 'keep-alive',
  dispatcher: Dispatcher,
  spec: ProbeSpec,
  wall: WallClock,
  guise?: Guise,
): Send {
  const ask = createAsk(dispatcher, new URL(spec.url).origin, spec.timeout, wall, guise)
  const page = pageOf(spec, lane === 'fresh')
  const targets = spec.targets ?? []
  const questions = [page, ...targets.map((target) => questionOf(target, spec.versions, lane === 'fresh'))]
  let turn = 0
  return (report) => {
    const question = questions[turn++ % questions.length] ?? page
    ask(question, report)
  }
}

/** The main page, as a question. */
export function pageOf(spec: ProbeSpec, fresh: boolean): Question {
  const { pathname, search } = new URL(spec.url)
  return {
    path: `${pathname}${search}`,
    method: 'GET',
    fresh,
    reads: spec.expect.bodyIncludes !== undefined,
    judge: (answer) => ({ outcome: judgeAnswer(answer, spec) }),
  }
}
