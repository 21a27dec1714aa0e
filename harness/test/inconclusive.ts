/** Thrown by a test that cannot run because the cloud lacks what it looks at. A gate reads it by its name. */
export class NotRun extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NotRun'
  }
}

/** Thrown by a test whose check the config leaves out, or which does not apply to the service, with the reason. A gate reads it by its name. */
export class LeftOut extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LeftOut'
  }
}

/**
 * Thrown by a test that could not see what it was to judge: the cloud throttled, denied or could not be reached. A gate
 * reads it by its name, for it crosses a process.
 */
export class Inconclusive extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Inconclusive'
  }
}
