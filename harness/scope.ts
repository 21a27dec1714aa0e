import type { ServiceRef } from './gate.ts'
import type { Scope } from './strategy.ts'

/** What a service in a region is called by. */
export const scopeOf = ({ name, region }: Pick<ServiceRef, 'name' | 'region'>): Scope => `${name}@${region}`
