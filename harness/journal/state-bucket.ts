import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { describeError, SluiceError } from '../errors.ts'

/** Where Sluice keeps what several people and pipelines must agree on. */
export interface StateSpec {
  /** An S3 bucket that is there; `sluice-<account>-<region>`, made when first needed, unless given. */
  readonly bucket?: string | undefined
  /** What the keys of its objects begin with. */
  readonly prefix: string
}

interface StateObject {
  readonly value: unknown
  /** Changes with every write. */
  readonly etag: string
}

/** Small JSON objects that are only ever replaced by whoever saw what they replace. */
export interface StateBucket {
  readonly name: string
  read(key: string, signal?: AbortSignal): Promise<StateObject | undefined>
  /**
   * Writes an object that was seen with this etag, or that was not there when none is given. Returns the new etag;
   * undefined when somebody else wrote in between.
   */
  write(
    key: string,
    value: unknown,
    seen: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined>
}

interface Place {
  readonly s3: S3Client
  readonly account: string
  readonly region: string
}

/** Conditional writes: 412 when the condition does not hold, 409 when two arrive at once (S3 User Guide, 2026). */
const LOST = new Set([409, 412])

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof S3ServiceException ? thrown.$metadata.httpStatusCode : undefined

/** The bucket of an account and region when none is named. */
export const bucketOf = (account: string, region: string): string => `sluice-${account}-${region}`

/**
 * Opens the bucket; makes its own where `make` says so, and is undefined where it is not there and nobody made it: who
 * only looks changes nothing. Throws `precondition` when the bucket that the config names is not there, or when it
 * cannot be made or reached.
 */
export async function openStateBucket(
  { s3, account, region }: Place,
  { bucket, prefix }: StateSpec,
  make: boolean,
  signal?: AbortSignal,
): Promise<StateBucket | undefined> {
  const name = bucket ?? bucketOf(account, region)
  const options = signal ? { abortSignal: signal } : {}
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: account }), options)
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason
    if (statusOf(thrown) !== 404 || bucket !== undefined) throw unreachableBucket(name, thrown)
    if (!make) return undefined
    await makeBucket(s3, name, region, options)
  }
  return {
    name,
    read: async (key, abort) => {
      try {
        const answer = await s3.send(
          new GetObjectCommand({ Bucket: name, Key: prefix + key }),
          abort ? { abortSignal: abort } : {},
        )
        const text = (await answer.Body?.transformToString()) ?? ''
        return { value: JSON.parse(text) as unknown, etag: answer.ETag ?? '' }
      } catch (thrown) {
        if (statusOf(thrown) === 404) return undefined
        throw thrown
      }
    },
    write: async (key, value, seen, abort) => {
      try {
        const answer = await s3.send(
          new PutObjectCommand({
            Bucket: name,
            Key: prefix + key,
            Body: `${JSON.stringify(value, null, 2)}\n`,
            ContentType: 'application/json',
            ...(seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen }),
          }),
          abort ? { abortSignal: abort } : {},
        )
        return answer.ETag ?? ''
      } catch (thrown) {
        const status = statusOf(thrown)
        // 404: it was deleted in between.
        if (status !== undefined && (LOST.has(status) || status === 404)) return undefined
        throw thrown
      }
    },
  }
}

async function makeBucket(
  s3: S3Client,
  name: string,
  region: string,
  options: { abortSignal?: AbortSignal },
): Promise<void> {
  // us-east-1 is the one region that must not be named (CreateBucket API reference).
  const where =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } }
  try {
    await s3.send(new CreateBucketCommand({ Bucket: name, ...where }), options)
  } catch (thrown) {
    if (thrown instanceof S3ServiceException && thrown.name === 'BucketAlreadyOwnedByYou') return
    throw unreachableBucket(name, thrown)
  }
}

const unreachableBucket = (name: string, cause: unknown): SluiceError =>
  new SluiceError(
    'precondition',
    `the bucket ${name}, in which deployments of a service find each other, cannot be used: ${describeError(cause)}`,
    { cause, hint: 'name a bucket of this account as state.bucket in the config, or allow this one' },
  )
