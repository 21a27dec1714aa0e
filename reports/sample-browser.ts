import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A real browser for tests of reports; `CHROMIUM_PATH` names one that is elsewhere. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM_PATH'] ?? '', ...PATHS].find((path) => existsSync(path))
  if (executablePath === undefined) {
    throw new Error(
      'These tests open reports in Chromium, and there is none: install the package "chromium" (apt-get install chromium), or set CHROMIUM_PATH.',
    )
  }
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
