import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Timer, type WallClock, wallClock } from '../clock.ts'
import { parseRequest, type Request } from './request.ts'

/** Wall milliseconds between two looks, and without a sign of one until nobody listens; a machine may stand still for some. */
const LOOK = 500
const SILENCE = 5_000

const fileIn = (directory: string): string => join(directory, 'request.json')
/** Written to with every look, and gone when nobody listens any more. */
const signIn = (directory: string): string => join(directory, 'listening')

/** Whether a deployment listens there: it runs. */
export function isListening(directory: string): boolean {
  const sign = statSync(signIn(directory), { throwIfNoEntry: false })
  return sign !== undefined && wallClock.now() - sign.mtimeMs < SILENCE
}

/** Leaves a message for a deployment of this machine, in the directory of its journal. */
export function leaveRequest(directory: string, asked: Request): void {
  const file = fileIn(directory)
  // Renamed into place, it is never read half written.
  writeFileSync(`${file}.new`, `${JSON.stringify(asked)}\n`)
  renameSync(`${file}.new`, file)
}

/** Hears messages left in a directory, each once. */
export function watchRequests(
  directory: string,
  wall: WallClock,
  listener: (request: Request) => void,
): Disposable {
  let timer: Timer
  function look(): void {
    tryTo(() => writeFileSync(signIn(directory), ''))
    const asked = take(fileIn(directory))
    if (asked) listener(asked)
    timer = wall.timer(LOOK, look)
  }
  look()
  return {
    [Symbol.dispose]: () => {
      timer.cancel()
      tryTo(() => rmSync(signIn(directory), { force: true }))
    },
  }
}

/** On a full disk others no longer see that it runs; that is no reason to stop. */
function tryTo(work: () => void): void {
  try {
    work()
  } catch {
    // As said.
  }
}

function take(file: string): Request | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    rmSync(file)
    return parseRequest(JSON.parse(text))
  } catch {
    return undefined // There is none, as almost always.
  }
}
