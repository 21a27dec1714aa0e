import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiBench } from './api.ts'
import { deploymentBench } from './deployment.ts'
import { gateBench } from './gate.ts'
import { largeFleetBench } from './large-fleet.ts'
import { loadBalancerBench } from './load-balancer.ts'
import { probeBench } from './probe.ts'
import type { Row } from './row.ts'
import { scaleBench } from './scale.ts'
import { shiftGateBench } from './shift-gate.ts'

const benches = {
  gate: gateBench,
  'shift-gate': shiftGateBench,
  api: apiBench,
  'load-balancer': loadBalancerBench,
  probe: probeBench,
  deployment: deploymentBench,
  scale: scaleBench,
  'large-fleet': largeFleetBench,
} satisfies Record<string, () => Promise<readonly Row[]>>

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  process.stderr.write(
    `no such bench: ${unknown.join(', ')}; there are: ${Object.keys(benches).join(', ')}\n`,
  )
  process.exit(2)
}

const held = (row: Row): string => {
  if (row.value === undefined || row.bound === undefined) return ''
  const { bound, value } = row
  const ok = 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast
  return `${'atMost' in bound ? `≤ ${figure(bound.atMost)}` : `≥ ${figure(bound.atLeast)}`} ${ok ? '✓' : '✗'}`
}

const figure = (value: number | undefined): string =>
  value === undefined ? '–' : value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })

const cells = (row: Row): string[] => [
  row.figure,
  `${figure(row.value)} ${row.value === undefined ? '' : row.unit}`.trim(),
  held(row),
  row.ratio === undefined ? '' : `${figure(row.ratio)} × ${row.against ?? ''}`.trim(),
  row.note ?? '',
]

const rows: Row[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  process.stderr.write(`measuring ${name} …\n`)
  rows.push(...(await bench()))
}
const table = [['figure', 'measured', 'held to', 'ratio in this run', 'note'], ...rows.map(cells)]
const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
for (const row of table) {
  process.stdout.write(
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`,
  )
}
const path = join(import.meta.dirname, 'results.json')
writeFileSync(path, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`)
process.stderr.write(`written: ${path}\n`)
