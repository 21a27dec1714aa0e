import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JournalEvent } from '#harness/journal/event'
import { junit } from './junit.ts'
import { openBrowser } from './sample-browser.ts'
import { sampleJournals } from './sample-journal.ts'
import { report } from './sample-report.ts'

interface Read {
  readonly error: string | undefined
  readonly suites: readonly { readonly name: string; readonly tests: number; readonly cases: number }[]
  readonly cases: readonly { readonly key: string; readonly result: string; readonly text: string }[]
}

/** Reads XML as a browser does: strictly. */
async function read(text: string): Promise<Read> {
  await using browser = await openBrowser()
  const page = await browser.newPage()
  return await page.evaluate<Read>(`(${readXml})(${JSON.stringify(text)})`)
}

/** Runs in the page. */
const readXml = `(text) => {
  const xml = new DOMParser().parseFromString(text, 'application/xml')
  const all = (name, of = xml) => [...of.querySelectorAll(name)]
  const get = (element, name) => element.getAttribute(name)
  return {
    error: xml.querySelector('parsererror')?.textContent,
    suites: all('testsuite').map((suite) => ({
      name: get(suite, 'name'),
      tests: Number(get(suite, 'tests')),
      cases: all('testcase', suite).length,
    })),
    cases: all('testcase').map((each) => ({
      key: get(each, 'classname') + ' / ' + get(each, 'name'),
      result: each.firstElementChild?.tagName ?? 'passed',
      text: each.textContent,
    })),
  }
}`

async function junitOf(events: readonly JournalEvent[]): Promise<Read> {
  using written = await report(junit, events)
  return read(readFileSync(written.files[0] ?? '', 'utf8'))
}

test('each gate is a test suite and each look and test a case of its own', async () => {
  const { error, suites, cases } = await junitOf(sampleJournals.promoted())
  expect(error).toBeUndefined()
  expect(suites.map(({ name }) => name)).toEqual([
    'pre-deploy / pre-deploy',
    'canary 5% / shift',
    'canary 25% / shift',
    'canary 50% / shift',
    'canary 100% / post-deploy',
    'deployment',
  ])
  for (const suite of suites) expect(suite.tests).toBe(suite.cases)
  expect(new Set(cases.map(({ key }) => key)).size).toBe(cases.length)
  expect(cases.every(({ result }) => result === 'passed')).toBe(true)
}, 30_000)

test('a failed test is a failure, with its message as text', async () => {
  const { error, cases } = await junitOf(sampleJournals['gate-failed']())
  expect(error).toBeUndefined()
  const failed = cases.filter(({ result }) => result === 'failure')
  expect(failed.map(({ key }) => key)).toEqual([
    'canary 25% / shift / the gate opens [canary 25%]',
    'canary 25% / shift / evidence / error rate [canary 25%]',
    'canary 25% / shift / shift/traffic.suite.ts / the main page is the right one [canary 25%]',
    'deployment / orders 2.0.1 is promoted',
  ])
  expect(failed[2]?.text).toContain('<script>alert("no & never")</script>')
}, 30_000)

test('what is inconclusive is an error, and a deployment that never came to a gate is not green', async () => {
  const events = sampleJournals['gate-failed']().map((event) =>
    event.type === 'gate-ended' && event.stage === 'canary 25%'
      ? {
          ...event,
          verdict: {
            status: 'inconclusive' as const,
            sentence: 'too few \u0000\ufffe\u001b[31mrequests',
            evidence: [],
          },
          tests: [],
        }
      : event,
  )
  const { error, cases } = await junitOf(events)
  expect(error).toBeUndefined()
  expect(cases.filter(({ result }) => result === 'error').map(({ text }) => text)[0]).toBe('too few requests')
  const stopped = await junitOf(sampleJournals['never-healthy']())
  expect(stopped.cases.at(-1)?.result).toBe('error')
}, 30_000)
