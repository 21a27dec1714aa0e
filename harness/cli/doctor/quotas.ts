import { type Use, usesOf } from '../../checks/quotas.ts'
import type { RegionClients } from '../../cloud.ts'
import { explainFailure, whyNoAnswer } from '../../connect/index.ts'
import { describeError } from '../../errors.ts'
import { type Diagnosis, ok, warn } from './diagnosis.ts'

/** Room for one more group and one more target group, which a candidate fleet takes. Those of instances EC2 does not tell. */
export async function quotas(
  clients: RegionClients,
  loadBalancerArn: string,
  signal: AbortSignal,
): Promise<Diagnosis> {
  try {
    const uses = await usesOf(clients, loadBalancerArn, signal)
    const full = uses.filter(({ used, most }) => used >= most)
    const told = (each: readonly Use[]): string =>
      each.map(({ what, used, most }) => `${used} of ${most} ${what}`).join(', ')
    return full.length === 0
      ? ok('quotas', told(uses))
      : warn(
          'quotas',
          `no room for another fleet: ${told(full)}`,
          'remove some, or ask AWS for a higher quota',
        )
  } catch (thrown) {
    signal.throwIfAborted()
    return warn(
      'quotas',
      `could not be read: ${whyNoAnswer(thrown) ?? describeError(explainFailure(thrown) ?? thrown)}`,
      'allow what sluice policy prints, or look at Service Quotas in the console',
    )
  }
}
