import { z } from 'zod'
import { deadline, type Timer, type WallClock, wallClock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import { parseRequest, type Request } from './request.ts'
import type { StateBucket } from './state-bucket.ts'

/** What the state bucket says of a service: who deploys to it now, or how the last deployment ended. */
const record = z.looseObject({
  state: z.enum(['held', 'free']),
  /** The service and its region. */
  scope: z.string(),
  deployment: z.string(),
  /** Who: user, host and process. */
  holder: z.string(),
  strategy: z.string(),
  from: z.string(),
  to: z.string(),
  /** What it does, in plain words. */
  doing: z.string(),
  /** Instants by the clock of the holder. */
  since: z.iso.datetime(),
  renewed: z.iso.datetime(),
})
export type LeaseRecord = z.output<typeof record>

/** What a deployment says of itself. */
export type Claim = Pick<LeaseRecord, 'scope' | 'deployment' | 'holder' | 'strategy' | 'from' | 'to'>

/** Wall milliseconds. A lease that was not renewed for so long is anyone's. */
const TTL = 60_000
const RENEW = 10_000
/** A holder that could not renew for so long writes no more, well before anyone may take over. */
const OVERDUE = 45_000
/** One write of the lease. */
const PATIENCE = 8_000
const LOOK = 2_000

/** The exclusive right to change a service, as long as it is renewed. */
export interface Lease extends AsyncDisposable {
  /** Whom the lease was taken over from: a deployment that had not been heard of for long. */
  readonly tookOver: LeaseRecord | undefined
  /** Aborts when the right is lost. */
  readonly signal: AbortSignal
  /** Throws when this holder must not write: `busy` when another one has taken over, `cloud` while that cannot be known. */
  check(): void
  /** Says what is being done; others read it. */
  say(doing: string): void
  /** Hears what is asked on other terminals. */
  onRequest(listener: (request: Request) => void): void
}

export interface LeaseOptions {
  readonly bucket: StateBucket
  readonly wall: WallClock
  readonly signal: AbortSignal
  /** Told when it has to be waited whether another holder is alive. */
  readonly onWait?: (held: LeaseRecord, ms: number) => void
  /** Wall milliseconds; shorter where a test would wait for long. */
  readonly ttl?: number
}

const leaseKey = (scope: string): string => `${scope}/lease.json`
const requestKey = (scope: string): string => `${scope}/request.json`

/** Whether a holder was heard of a moment ago, by its own clock. */
export function soundsAlive({ renewed }: LeaseRecord, wall: Pick<WallClock, 'now'> = wallClock): boolean {
  return Math.abs(wall.now() - Date.parse(renewed)) < TTL
}

/** What is written of a service; undefined when nothing ever was. Throws `cloud` when it cannot be understood. */
export async function readLease(
  bucket: StateBucket,
  scope: string,
  signal?: AbortSignal,
): Promise<{ readonly record: LeaseRecord; readonly etag: string } | undefined> {
  const found = await bucket.read(leaseKey(scope), signal)
  if (!found) return undefined
  const parsed = record.safeParse(found.value)
  if (parsed.success) return { record: parsed.data, etag: found.etag }
  throw new SluiceError('precondition', `${leaseKey(scope)} in ${bucket.name} is not a lease of Sluice`, {
    hint: 'look at it, and delete it if no deployment is under way',
  })
}

/** Leaves a message for the deployment that holds a service. */
export async function ask(
  bucket: StateBucket,
  scope: string,
  asked: Request,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const seen = await bucket.read(requestKey(scope), signal)
    if ((await bucket.write(requestKey(scope), asked, seen?.etag, signal)) !== undefined) return
  }
}

/**
 * Takes the lease of a service. One that is held by a deployment that shows signs of life is not waited for: throws
 * `busy`. One whose holder stays silent is taken over after `ttl`; no two clocks are compared for that.
 */
export async function acquireLease(claim: Claim, options: LeaseOptions): Promise<Lease> {
  const { bucket, signal, wall } = options
  for (;;) {
    signal.throwIfAborted()
    const found = await readLease(bucket, claim.scope, signal)
    const own = found !== undefined && isOf(found.record, claim)
    if (found?.record.state === 'held' && !own) await untilSilent(found, claim.scope, options)
    const now = wall.now()
    const written = { ...claim, state: 'held', doing: 'begins', since: iso(now), renewed: iso(now) } as const
    const etag = own
      ? found.etag // A retry of the SDK whose first attempt did arrive.
      : await bucket.write(leaseKey(claim.scope), written, found?.etag, signal)
    if (etag === undefined) continue // Somebody was quicker: look who.
    return new HeldLease(
      written,
      etag,
      now,
      found?.record.state === 'held' ? found.record : undefined,
      options,
    )
  }
}

/** Removes a lease whose holder is known to be gone. Returns whom it was taken from; undefined when nobody held it. */
export async function breakLease(
  bucket: StateBucket,
  scope: string,
  signal: AbortSignal,
): Promise<LeaseRecord | undefined> {
  for (;;) {
    const found = await readLease(bucket, scope, signal)
    if (found?.record.state !== 'held') return undefined
    const free: LeaseRecord = { ...found.record, state: 'free', doing: 'unlocked by a person' }
    if ((await bucket.write(leaseKey(scope), free, found.etag, signal)) !== undefined) return found.record
  }
}

/** A deployment that is taken up again has another holder. */
const isOf = (written: LeaseRecord, { deployment, holder }: Claim): boolean =>
  written.deployment === deployment && written.holder === holder

const iso = (at: number): string => new Date(at).toISOString()

async function untilSilent(
  { record: held, etag }: { readonly record: LeaseRecord; readonly etag: string },
  scope: string,
  { bucket, wall, signal, onWait, ttl = TTL }: LeaseOptions,
): Promise<void> {
  const age = wall.now() - Date.parse(held.renewed)
  // Fresh by its own clock is reason enough to keep away; old by it is not enough to go on.
  if (age >= 0 && age < (RENEW * ttl) / TTL) throw busy(held)
  onWait?.(held, ttl)
  const until = wall.now() + ttl
  while (wall.now() < until) {
    await wall.sleep(Math.min(LOOK, ttl / 4), signal)
    const found = await readLease(bucket, scope, signal)
    if (found?.etag !== etag) {
      if (found?.record.state === 'held') throw busy(found.record)
      return
    }
  }
}

const busy = (held: LeaseRecord): SluiceError =>
  new SluiceError(
    'busy',
    `${held.scope} is held by deployment ${held.deployment} of ${held.holder} since ${held.since} (${held.from} → ${held.to} by ${held.strategy}: ${held.doing}); nothing was touched`,
    {
      hint: '`sluice status` shows it, `sluice revert` asks it to go back; `sluice unlock` if it is gone for good',
    },
  )

class HeldLease implements Lease {
  readonly tookOver: LeaseRecord | undefined
  readonly #lost = new AbortController()
  readonly #listeners: Array<(request: Request) => void> = []
  readonly #bucket: StateBucket
  readonly #wall: WallClock
  readonly #ttl: number
  #record: LeaseRecord
  #etag: string
  /** When the last renewal that arrived was sent. */
  #renewedAt: number
  #timers: Timer[] = []
  /** Renewals follow each other. */
  #last: Promise<void> = Promise.resolve()
  #heard = ''
  #ended = false

  constructor(
    written: LeaseRecord,
    etag: string,
    at: number,
    tookOver: LeaseRecord | undefined,
    { bucket, wall, ttl = TTL }: LeaseOptions,
  ) {
    this.tookOver = tookOver
    this.#record = written
    this.#etag = etag
    this.#renewedAt = at
    this.#bucket = bucket
    this.#wall = wall
    this.#ttl = ttl
    this.#every((RENEW * ttl) / TTL, () => this.#renew())
    this.#every((LOOK * ttl) / TTL, () => this.#listen())
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  check(): void {
    this.#lost.signal.throwIfAborted()
    const silent = this.#wall.now() - this.#renewedAt
    if (silent < (OVERDUE * this.#ttl) / TTL) return
    throw new SluiceError(
      'cloud',
      `the lease of ${this.#record.scope} could not be renewed for ${formatDuration(silent)}: until it can be, another deployment may hold the service`,
      { hint: `look whether the bucket ${this.#bucket.name} can be reached` },
    )
  }

  say(doing: string): void {
    if (doing === this.#record.doing) return
    this.#record = { ...this.#record, doing }
    void this.#renew()
  }

  onRequest(listener: (request: Request) => void): void {
    this.#listeners.push(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    for (const timer of this.#timers) timer.cancel()
    this.#record = { ...this.#record, state: 'free' }
    await this.#renew()
  }

  #every(ms: number, work: () => Promise<void>): void {
    const slot = this.#timers.length
    const again = (): void => {
      this.#timers[slot] = this.#wall.timer(ms, () => {
        void work().then(() => this.#ended || this.#lost.signal.aborted || again())
      })
    }
    again()
  }

  /** Never rejects: a bucket that does not answer shows in `check` when it has been silent for too long. */
  #renew(): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (this.#lost.signal.aborted) return
      const at = this.#wall.now()
      this.#record = { ...this.#record, renewed: iso(at) }
      using time = deadline(
        this.#wall,
        PATIENCE,
        () => new SluiceError('timeout', 'a renewal of the lease took too long'),
      )
      try {
        const key = leaseKey(this.#record.scope)
        const etag = await this.#bucket.write(key, this.#record, this.#etag, time.signal)
        if (etag === undefined) await this.#lookWho(at, time.signal)
        else this.#renewed(etag, at)
      } catch {
        // The next renewal tries again.
      }
    })
    return this.#last
  }

  #renewed(etag: string, at: number): void {
    this.#etag = etag
    this.#renewedAt = at
  }

  /** A write that was refused may be the retry of one that did arrive. */
  async #lookWho(at: number, signal: AbortSignal): Promise<void> {
    const found = await readLease(this.#bucket, this.#record.scope, signal)
    if (found?.record.state === 'held' && isOf(found.record, this.#record)) {
      return this.#renewed(found.etag, at)
    }
    if (this.#ended) return
    const who = found ? `deployment ${found.record.deployment} of ${found.record.holder}` : 'somebody'
    const what = found?.record.state === 'held' ? 'has taken over' : 'has unlocked'
    this.#lost.abort(
      new SluiceError(
        'busy',
        `${who} ${what} ${this.#record.scope}: this deployment must not change it any more`,
      ),
    )
  }

  async #listen(): Promise<void> {
    using time = deadline(
      this.#wall,
      PATIENCE,
      () => new SluiceError('timeout', 'a look for requests took too long'),
    )
    try {
      const found = await this.#bucket.read(requestKey(this.#record.scope), time.signal)
      if (!found || found.etag === this.#heard) return
      this.#heard = found.etag
      const asked = parseRequest(found.value)
      if (asked?.deployment !== this.#record.deployment) return
      for (const listener of this.#listeners) listener(asked)
    } catch {
      // The next look tries again.
    }
  }
}
