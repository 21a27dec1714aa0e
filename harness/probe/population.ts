import type { Dispatcher } from 'undici'
import type { Cloud } from '../cloud.ts'
import { createNames, type Led } from '../connect/names.ts'
import type { Outcome } from '../gate.ts'
import type { PopulationSpec, ProbeSpec } from '../probe.ts'
import { type Ask, createAsk, type Question, type Report } from './ask.ts'
import { pageOf, type Send } from './lane.ts'

export interface Population {
  readonly send: Send
  close(): void
}

interface Client {
  readonly ignoresTtl: boolean
  led: Led | undefined
  /** Cloud instant until which it goes where it was led. */
  until: number
}

/** What sends even a client that ignores TTLs back to its resolver: nobody takes its connection. */
const NOBODY_THERE: readonly (Outcome | 'unsent')[] = ['refused', 'connect-timeout', 'dns']

/**
 * Clients in turn that resolve the service's name as programs do, each for itself. Who is given a new answer by DNS goes
 * on to the old one until its TTL is over; some programs do so for as long as they run, and are met by what is left there.
 */
export function createPopulation(
  dispatcher: Dispatcher,
  spec: ProbeSpec,
  { name, clients, ignoring }: PopulationSpec,
  { address, clock }: Pick<Cloud, 'address' | 'clock'>,
): Population {
  const names = createNames(address, clock)
  const { protocol, port: written } = new URL(spec.url)
  const port = Number(written) || (protocol === 'https:' ? 443 : 80)
  const host = written === '' ? name : `${name}:${written}`
  const question: Question = { ...pageOf(spec, true), headers: { host } }
  const population = Array.from(
    { length: clients },
    (_, i): Client => ({ ignoresTtl: i < ignoring, led: undefined, until: 0 }),
  )
  const asks = new Map<string, Ask>()
  const askAt = (place: string): Ask => {
    const known = asks.get(place)
    if (known) return known
    const ask = createAsk(dispatcher, `${protocol}//${place}`, spec.timeout, clock.wall)
    asks.set(place, ask)
    return ask
  }

  const lead = async (client: Client): Promise<Led> => {
    if (client.led && (client.ignoresTtl || clock.now() < client.until)) return client.led
    const led = await names.resolve(name, port)
    client.led = led
    client.until = clock.now() + led.keep
    return led
  }
  const sendAs = async (client: Client, report: Report): Promise<void> => {
    let led: Led
    try {
      led = await lead(client)
    } catch (thrown) {
      client.led = undefined
      report.ended(isRefusal(thrown) ? 'refused' : 'dns', '')
      return
    }
    const place = `${led.host}:${led.port}`
    askAt(place)(question, {
      started: report.started,
      ended(outcome, version, remark) {
        if (NOBODY_THERE.includes(outcome)) client.led = undefined
        report.ended(outcome, version, remark, place)
      },
    })
  }

  let turn = 0
  return {
    send(report) {
      const client = population[turn++ % population.length]
      // What a client's resolver throws is reported; nothing else is awaited.
      if (client) void sendAs(client, report)
    },
    close: names.close,
  }
}

/** The name is there, and leads to where nothing listens. */
const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNREFUSED' && !('syscall' in thrown)
