import { z } from 'zod'

/** What a rule takes as the name of a header, and as a value without wildcards (CreateRule, HttpHeaderConditionConfig). */
const name = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}$/, 'expected the name of a header')
  .refine((given) => given.toLowerCase() !== 'host', 'expected another header than host')

export const headerValue = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/)
  .regex(/^[^*?;,]+$/, 'expected a value without * ? ; or ,')

/** Headers of which a request carries all; a rule has room for five conditions. */
export const headers = z.record(name, headerValue).refine((given) => {
  const count = Object.keys(given).length
  return count >= 1 && count <= 5
}, 'expected one to five headers')
