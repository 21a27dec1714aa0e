import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WallClock } from '../clock.ts'
import { parseRequest, type Request } from './request.ts'

/** Wall milliseconds. */
const LOOK = 500

const fileIn = (directory: string): string => join(directory, 'request.json')

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
  let timer = wall.timer(LOOK, look)
  function look(): void {
    const asked = take(fileIn(directory))
    if (asked) listener(asked)
    timer = wall.timer(LOOK, look)
  }
  return { [Symbol.dispose]: () => timer.cancel() }
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
