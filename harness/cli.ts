#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

enableCompileCache?.()
const { main } = await import('./cli/main.ts')
let code = 1
// The last word: Vitest sets the exit code of its own when a run was cut short, however late that ends.
process.on('exit', () => {
  process.exitCode = code
})
code = await main(process.argv.slice(2))
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writable) await new Promise((written) => stream.write('', written))
}
// Node may spin for good where it waits by itself for what a closed socket had under way.
process.exit(code)
