import { formatDuration } from './duration.ts'
import type { TrafficCount } from './gate.ts'
import type { Plan } from './strategy.ts'

const MARK = 'downtime: '

/** What traffic is filed under while, as announced, nothing serves on the way to a stage. */
export const downtimeOf = (stage: string): string => MARK + stage

export const isDowntime = (stage: string): boolean => stage.startsWith(MARK)

/** Whether a request fell into downtime that was announced: nobody answered it. What anybody answers is judged as ever. */
export const isAnnounced = (stage: string, { version, outcome }: Pick<TrafficCount, 'version' | 'outcome'>) =>
  isDowntime(stage) && version === '' && outcome !== 'ok'

/** What the way back that a plan speaks of announces, in one sentence; undefined when it has no downtime. */
export function describeDowntimeBack({ from, to, baseline }: Plan): string | undefined {
  const drains = Object.values(baseline.targets).flatMap(({ downtime }) => downtime?.drain ?? [])
  if (drains.length === 0) return undefined
  return `Downtime: nothing serves while ${to} drains (${formatDuration(Math.max(...drains))}) and until ${from} has booted and is healthy.`
}

/** What a plan announces, in one sentence; undefined when it has no downtime. */
export function describeDowntime(plan: Plan): string | undefined {
  const down = plan.stages.flatMap((stage) =>
    Object.values(stage.targets).flatMap(({ downtime }) =>
      downtime ? { stage: stage.name, ...downtime } : [],
    ),
  )
  const [first] = down
  if (!first) return undefined
  const stages = [...new Set(down.map(({ stage }) => stage))].join(', ')
  const drain = formatDuration(Math.max(...down.map((each) => each.drain)))
  return `Downtime at ${stages}: nothing serves while ${plan.from} drains (${drain}) and until ${plan.to} has booted and is healthy; as long again if it is turned back.`
}
