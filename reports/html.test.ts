import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JournalEvent } from '#harness/journal/event'
import { html } from './html.ts'
import { openBrowser } from './sample-browser.ts'
import { sampleJournals } from './sample-journal.ts'
import { report } from './sample-report.ts'

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
}, 30_000)

afterAll(async () => {
  await browser?.close()
})

/** Text as it is shown, which leaves out what is hidden. */
const shown = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).allInnerTexts()).join('\n')

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Console messages, page errors and requests beyond the file itself. */
  readonly noise: readonly string[]
}

async function open(events: readonly JournalEvent[], width = 1200): Promise<Opened> {
  const written = await report(html, events)
  const page = await browser.newPage({ viewport: { width, height: 900 } })
  const noise: string[] = []
  const url = pathToFileURL(written.files[0] ?? '').href
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(error.message))
  page.on('dialog', (dialog) => noise.push(`dialog ${dialog.message()}`))
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) noise.push(request.url())
  })
  await page.goto(url)
  return {
    page,
    noise,
    [Symbol.asyncDispose]: async () => {
      await page.close()
      written[Symbol.dispose]()
    },
  }
}

test('a promoted deployment says on top that the release is live and that no request failed', async () => {
  await using opened = await open(sampleJournals.promoted())
  const { page, noise } = opened
  expect(await shown(page, 'h1')).toBe('orders 2.0.0 is live.')
  expect(await shown(page, '.hero')).toContain('0 of 1,504 requests failed.')
  expect(await page.locator('.gate').count()).toBe(5)
  expect(await page.locator('.gate[open]').count()).toBe(0)
  expect(await page.locator('#way-back').count()).toBe(0)
  expect(noise).toEqual([])
})

test('the charts draw who was meant to serve, who did, and every failure', async () => {
  await using opened = await open(sampleJournals['gate-failed']())
  const { page } = opened
  expect(await page.locator('.panel.rate rect.new').count()).toBeGreaterThan(5)
  expect(await page.locator('.panel.rate rect.old').count()).toBeGreaterThan(10)
  const failed = page.locator('.panel.failed rect.f0')
  expect(await failed.count()).toBe(3)
  expect((await failed.first().boundingBox())?.height).toBeGreaterThan(20)
  const steps = await page.locator('.panel.share .weights').getAttribute('d')
  expect(steps).toMatch(/V95H[\d.]+V75H[\d.]+V100H1000$/)
  expect(await page.locator('.panel.share .dot').count()).toBeGreaterThan(10)
})

test('a deployment that was turned back names the check, its evidence, the harm and the way back', async () => {
  await using opened = await open(sampleJournals['gate-failed']())
  const { page, noise } = opened
  const top = await shown(page, '.hero')
  expect(top).toContain('orders 2.0.1 was turned back at canary 25%: 1.0.0 has all traffic again.')
  expect(top).toContain('8 of 38 requests answered by 2.0.1 failed')
  expect(top).toContain('8 of 740 requests')
  expect(top).toContain('14 ms')
  expect(await page.locator('.steps li').allInnerTexts()).toHaveLength(5)
  expect(await page.locator('.marks span').allInnerTexts()).toEqual(['1', '2 3 4', '5'])
  expect(await page.locator('.gate[open]').count()).toBe(1)
  expect(await shown(page, '.gate[open] .name')).toBe('canary 25%')
  expect(noise).toEqual([])
})

test('markup in a message is shown as text and never run', async () => {
  await using opened = await open(sampleJournals['gate-failed']())
  const { page, noise } = opened
  expect(await shown(page, 'pre')).toContain('<script>alert("no & never")</script>')
  expect(await page.locator('script').count()).toBe(0)
  expect(noise).toEqual([])
})

test('a gate that passed shows its evidence when it is opened', async () => {
  await using opened = await open(sampleJournals.promoted())
  const { page } = opened
  const gate = page.locator('.gate').nth(1)
  expect(await gate.locator('table').isVisible()).toBe(false)
  await gate.locator('summary').click()
  expect(await gate.locator('table').isVisible()).toBe(true)
  expect(await shown(page, '.gate[open]')).toContain('probe schedule')
})

test('what is left to a person stands on top, item by item', async () => {
  await using opened = await open(sampleJournals['revert-incomplete']())
  const top = await shown(opened.page, '.hero')
  expect(top).toContain('A person is needed')
  expect(top).toContain('Set the weights of listener 80 to orders 100, orders-2-0-0 0.')
  expect(top).toContain('Delete Auto Scaling group orders-2-0-0.')
})

test.each(['interrupted', 'never-healthy', 'untouched', 'nothing-to-do', 'unfinished'] as const)(
  'a deployment that ended %s opens without an error and fits a narrow screen',
  async (kind) => {
    await using opened = await open(sampleJournals[kind](), 390)
    const { page, noise } = opened
    expect(await page.locator('h1').isVisible()).toBe(true)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(noise).toEqual([])
  },
)

test('the file stays small and holds no address to fetch from', async () => {
  using written = await report(html, sampleJournals.promoted())
  const text = readFileSync(written.files[0] ?? '', 'utf8')
  expect(text.length).toBeLessThan(100_000)
  expect(text).not.toMatch(/https?:\/\//)
})

test('nothing is written when no deployment was started', async () => {
  using written = await report(html, [])
  expect(written.files).toEqual([])
})
