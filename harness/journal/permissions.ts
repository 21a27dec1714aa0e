import type { Permission } from '../permission.ts'

/** What deployments find each other by: small objects in one bucket. Missing ones are told only to those who may list. */
export const AGREEING: readonly Permission[] = [
  { action: 's3:ListBucket', on: 'bucket' },
  { action: 's3:CreateBucket', on: 'bucket' },
  { action: 's3:GetObject', on: 'objects' },
  { action: 's3:PutObject', on: 'objects' },
]
