import { z } from 'zod'
import { SluiceError } from '#harness/errors'
import type { ServiceSnapshot, TestWay } from '#harness/strategy'
import { headers } from './headers.ts'

/** How a fleet is tested before users meet it: by requests with headers, or on another port of the load balancer. */
export const testWay = z.union([
  z.strictObject({ header: headers }),
  z.strictObject({ listener: z.int().min(1).max(65_535) }),
])

/** Whether a service's load balancer has room for such a way. Throws `precondition`, saying why it has not. */
export function refuseUnlessTestable({ entry, listeners = [] }: ServiceSnapshot, test: TestWay): void {
  const front = entry.via === 'dns' ? entry.dnsName : entry.loadBalancerName
  const refuse = (why: string, hint: string): SluiceError =>
    new SluiceError('precondition', `${front} cannot test a fleet this way: ${why}`, {
      hint,
    })
  if (entry.via === 'dns')
    throw refuse(
      'DNS leads to it, and no listener does',
      'leave test out: suites ask its instances themselves',
    )
  if (entry.via === 'registration')
    throw refuse(
      'a fleet that is not registered stands behind no target group that a rule could forward to',
      'leave test out: suites ask its instances themselves',
    )
  if (test.header) {
    if (entry.loadBalancerName.startsWith('app/')) return
    throw refuse('only an Application Load Balancer has rules by header', 'test: { listener: 8080 }')
  }
  const taken = listeners.find(({ port, owned }) => port === test.listener && !owned)
  if (test.listener !== entry.port && !taken) return
  throw refuse(
    test.listener === entry.port
      ? `users arrive on port ${entry.port}`
      : `port ${test.listener} has a listener that Sluice did not make`,
    'name a port that is free, and that the security groups of the load balancer let in',
  )
}
