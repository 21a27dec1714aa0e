export const leftoversKey = 'sluice:leftovers'

/** A worker's message to the pool: what the suites that just ran left open. */
export type Leftovers = { readonly [leftoversKey]: readonly string[] }

export function isLeftovers(message: unknown): message is Leftovers {
  return typeof message === 'object' && message !== null && leftoversKey in message
}

/**
 * Vitest reports progress at most every so often, by a timer that may outlive a run. It is the one timer that is
 * not made through the globals, and is forgiven.
 */
const vitestTimers = 1

const timers = new Set<NodeJS.Timeout>()
let timersWatched = false

/** Remembers timers that suites make, until they fire once, are cleared, or no longer keep the process alive. */
function watchTimers(): void {
  if (timersWatched) return
  timersWatched = true
  globalThis.setTimeout = remembering(globalThis.setTimeout)
  globalThis.setInterval = remembering(globalThis.setInterval)
}

/** A handle goes on saying that it is referenced when it has fired or was cleared; this alone tells. */
const isOver = (timer: NodeJS.Timeout): boolean => '_destroyed' in timer && timer._destroyed === true

function remembering<Make extends (...given: never[]) => NodeJS.Timeout>(make: Make): Make {
  return new Proxy(make, {
    apply(target, self, given) {
      if (timers.size > 1000) forgetEnded()
      const timer: NodeJS.Timeout = Reflect.apply(target, self, given)
      timers.add(timer)
      return timer
    },
  })
}

function forgetEnded(): void {
  for (const timer of timers) if (isOver(timer) || !timer.hasRef()) timers.delete(timer)
}

/** What keeps this process alive, counted by kind. Idle keep-alive sockets do not: they are unreferenced. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** Starts watching; the function returned tells what came up since and is still there. */
export function watchLeftovers(): () => string[] {
  watchTimers()
  timers.clear()
  const before = activeResources()
  return () => {
    forgetEnded()
    const left = [...activeResources()].flatMap(([kind, count]) => {
      if (kind === 'Immediate') return []
      const allowed = (before.get(kind) ?? 0) + (kind === 'Timeout' ? vitestTimers : 0)
      return count > allowed ? [`${count - allowed} ${kind}`] : []
    })
    return left.length === 0 && timers.size > 0 ? [`${timers.size} Timeout`] : left
  }
}
