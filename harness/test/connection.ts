import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { suiteContext } from './suite-context.ts'

interface Connection {
  readonly key: string
  readonly cloud: Cloud
}

/** Where the connection lives: a worker evaluates this module anew for every run, but stays the same process. */
const HOLDER: { [connection]?: Connection } & typeof globalThis = globalThis
const connection = Symbol.for('sluice.test.connection')

/**
 * The cloud that this run's suites look at. Kept open between the runs of a worker: creating SDK clients is what costs.
 */
export function connectedCloud(): Cloud {
  const { cloud: address } = suiteContext()
  const key = JSON.stringify(address)
  const known = HOLDER[connection]
  if (known?.key === key) return known.cloud
  known?.cloud[Symbol.asyncDispose]().then(undefined, () => undefined) // That cloud is gone: nothing depends on it.
  const cloud = connectCloud(address)
  HOLDER[connection] = { key, cloud }
  return cloud
}
