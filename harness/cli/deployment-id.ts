import { randomBytes } from 'node:crypto'
import { wallClock } from '../clock.ts'
import type { Config } from '../config.ts'

/** Sorts by time, names what it is of, and does not repeat: `20261122-101500-orders-2.0.0-3f9a`. */
export function deploymentId({ name }: Pick<Config, 'name'>, release: string): string {
  const stamp = new Date(wallClock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const version = release.replace(/[^\w.-]+/g, '_').slice(0, 40)
  return `${stamp}-${name}-${version}-${randomBytes(2).toString('hex')}`
}
