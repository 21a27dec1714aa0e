import { counted } from '../figures.ts'
import type { DeploymentSummary } from '../summary.ts'

type Facts = Omit<DeploymentSummary, 'headline' | 'next'>

/** What happened in one sentence that needs no knowledge of Sluice. */
export function headlineOf(facts: Facts): string {
  const { service, from, to, trouble } = facts
  const release = `${service} ${to}`
  const at = trouble ? ` at ${trouble.stage}` : ''
  switch (facts.state) {
    case 'promoted':
      return `${release} is live.`
    case 'nothing-to-do':
      return `${service} runs ${to} already: nothing was changed.`
    case 'reverted': {
      const how = trouble?.status === 'interrupted' ? 'was interrupted' : 'was turned back'
      return wasExposed(facts)
        ? `${release} ${how}${at}: ${from} has all traffic again.`
        : `${release} ${how}${at}, before it got any traffic: ${from} kept it all.`
    }
    case 'revert-incomplete':
      return `A person is needed: ${release} was stopped${at}, and the way back to ${from} is incomplete.`
    case 'untouched':
      return trouble?.gate === 'pre-deploy'
        ? `${release} was not deployed: the pre-deploy gate stayed shut, nothing was changed.`
        : `${release} was not deployed: stopped${at}, nothing was changed.`
    case 'unfinished':
      return facts.recoverable.wayBack
        ? `${release} is being turned back${at}; this journal has no end yet.`
        : `${release} is being deployed; this journal has no end yet.`
  }
}

/** Whether the release was given a share of traffic, was seen to answer, or had the service down for it. */
const wasExposed = ({ to, shares, requests }: Facts): boolean =>
  requests.announced > 0 ||
  shares.some((point) => (point.shares[to] ?? 0) > 0) ||
  requests.byVersion.some(({ version }) => version === to)

export function nextStepOf(facts: Facts): string {
  const { from, to, trouble, state } = facts
  if (state === 'promoted' || state === 'nothing-to-do') return 'Nothing: no step is left to a person.'
  if (state === 'unfinished') {
    return 'If its process is no longer running, look at the service before deploying again.'
  }
  if (state === 'revert-incomplete') {
    return `Do what is left (${counted(facts.left.length, 'item')}), then check that ${from} has all traffic.`
  }
  const safe = state === 'untouched' ? 'The service was not touched' : `Users are on ${from}`
  switch (trouble?.status) {
    case 'interrupted':
      return `${safe}. Start the same deployment again when you are ready.`
    case 'inconclusive':
      return `${safe}. The evidence was too thin to judge: bake longer, probe at a higher rate, or lower gates.minRequests; then deploy ${to} again.`
    case 'failed':
      return trouble.gate === 'pre-deploy'
        ? `${safe}. Put right what the pre-deploy gate found, then deploy ${to} again.`
        : `${safe}. Fix what the evidence shows in ${to}, then deploy the fixed release.`
    default:
      return `${safe}. Remove the cause of the error, then deploy ${to} again.`
  }
}
