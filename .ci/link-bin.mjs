// Lets `npx sluice` in a checkout run what was just built, at once: npm links the bins of dependencies, not a project's own.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'

if (process.platform !== 'win32') {
  mkdirSync('node_modules/.bin', { recursive: true })
  rmSync('node_modules/.bin/sluice', { force: true })
  symlinkSync('../../dist/harness/cli.js', 'node_modules/.bin/sluice')
  chmodSync('dist/harness/cli.js', 0o755)
}
