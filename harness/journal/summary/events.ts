import type { Entry, JournalEvent } from '../event.ts'

export type EventOf<Type extends Entry['type']> = Extract<JournalEvent, { readonly type: Type }>

/** All events of one type, in order. */
export function eventsOf<Type extends Entry['type']>(
  events: readonly JournalEvent[],
  type: Type,
): readonly EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type)
}

/** From the deployment's start to its end, or to the last event of one that has no end yet. */
export function boundsOf(
  events: readonly JournalEvent[],
): { readonly first: JournalEvent; readonly last: JournalEvent } | undefined {
  const first = eventsOf(events, 'deployment-started')[0]
  const last = eventsOf(events, 'deployment-ended')[0] ?? events.at(-1)
  return first && last && { first, last }
}
