/**
 * Things that end together, the last one first. Like `AsyncDisposableStack`, which Node 22 does not have. Every end
 * is tried; what went wrong is reported together.
 */
export class Owned implements AsyncDisposable {
  readonly #ends: Array<() => PromiseLike<void> | void> = []

  /** Takes over something disposable. */
  use<Thing extends AsyncDisposable | Disposable>(thing: Thing): Thing {
    this.#ends.push(() =>
      Symbol.asyncDispose in thing ? thing[Symbol.asyncDispose]() : thing[Symbol.dispose](),
    )
    return thing
  }

  /** Takes over something that is ended by a call. */
  defer(end: () => PromiseLike<void> | void): void {
    this.#ends.push(end)
  }

  /** Hands everything on to another owner; this one is empty afterwards. */
  move(): Owned {
    const heir = new Owned()
    heir.#ends.push(...this.#ends.splice(0))
    return heir
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end()
      } catch (thrown) {
        errors.push(thrown)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors)
  }
}
