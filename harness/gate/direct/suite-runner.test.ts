import { SuspendProcessesCommand } from '@aws-sdk/client-auto-scaling'
import { expect, test } from 'vitest'
import { createSimulatedCloud } from '#fixtures/clouds/embedded/in-process/index'
import { REALISTIC } from '#fixtures/clouds/embedded/in-process/noise'
import { createSampleService, type SampleService } from '#fixtures/scenarios/sample-service'
import type { Cloud } from '../../cloud.ts'
import type { InProcess } from '../../connect/in-process.ts'
import { connectCloud } from '../../connect/index.ts'
import type { SuiteContext, SuiteRun } from '../../gate.ts'
import { virtualClock } from '../../virtual-clock.ts'
import { judgeSuites } from '../verdict.ts'
import { directFiles, directRunner } from './suite-runner.ts'

interface Given {
  readonly more?: Partial<SuiteContext>
  readonly spoil?: (cloud: Cloud, service: SampleService) => Promise<unknown>
  readonly deadline?: number
}

/** What the suites before a deployment say of a service that has just come up. */
async function preDeploy({ more = {}, spoil, deadline = 120_000 }: Given = {}): Promise<SuiteRun> {
  const clock = virtualClock(Date.UTC(2026, 0, 1))
  await using simulated = await createSimulatedCloud({ clock, settle: 'aws', noise: REALISTIC, seed: 1 })
  const { requestHandler, dispatcher, address } = simulated
  const inProcess = { clock, requestHandler, dispatcher, random: () => 0.5 } as InProcess
  await using cloud = connectCloud(address, { inProcess })
  return await clock.run(async () => {
    const service = await createSampleService(cloud, { name: 'shop', release: { version: '1.0.0' } })
    await spoil?.(cloud, service)
    const context: SuiteContext = {
      cloud: address,
      service: service.ref,
      phase: 'pre-deploy',
      release: { version: '2.0.0' },
      baseline: { version: '1.0.0' },
      thresholds: {
        errorRate: { ceiling: 0.02, alpha: 0.01 },
        latency: { p99: 500, slowdown: 1.5 },
        minRequests: 300,
      },
      ...more,
    }
    return await directRunner(cloud).run({ files: directFiles('pre-deploy'), context, deadline })
  })
}

const statusOf = ({ tests }: SuiteRun, title: string) => tests.find(({ name }) => name === title)

test('every check of the phase is made; what asks over sockets is said to be left out', async () => {
  const run = await preDeploy()
  expect(judgeSuites(run)).toMatchObject({
    status: 'passed',
    sentence: '17 tests passed; 2 tests were left out: not simulated: name servers are asked over UDP',
  })
})

test('what is wrong with the service fails its test, and the gate', async () => {
  const spoil = async (cloud: Cloud, { autoScalingGroupName }: SampleService) =>
    cloud.region().autoScaling.send(
      new SuspendProcessesCommand({
        AutoScalingGroupName: autoScalingGroupName,
        ScalingProcesses: ['Launch'],
      }),
    )
  const run = await preDeploy({ spoil })
  expect(statusOf(run, 'no process of its group is suspended')).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('Launch'),
  })
  expect(judgeSuites(run).status).toBe('failed')
})

test('a check that the config leaves out is not made, with the reason', async () => {
  const run = await preDeploy({ more: { checks: { quotas: { skip: 'they are raised by hand' } } } })
  expect(statusOf(run, 'the account has room for a second fleet')).toMatchObject({
    status: 'skipped',
    leftOut: true,
    message: 'quotas is left out by the config: they are raised by hand',
  })
})

test('checks that do not end in time are said to be under way still', async () => {
  const run = await preDeploy({ deadline: 30 })
  expect(run.timedOut).toBe(true)
  expect(judgeSuites(run)).toMatchObject({ status: 'error', sentence: expect.stringContaining('deadline') })
})
