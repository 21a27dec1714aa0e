// Joins what was built of the embedded cloud into few files: Node resolves modules one by one, and hundreds of them are
// a quarter of the time that `sluice cloud` takes to its first answer. What stands beside it stays as it is.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { rolldown } from 'rolldown'

const dist = resolve('dist')
const cloud = join(dist, 'fixtures/clouds/embedded')
/** What others of the package load of it. */
const ENTRIES = ['index', 'server', 'in-process/index', 'in-process/noise']

const isWithin = (directory, path) => path.startsWith(directory + sep)
const modulesIn = (directory) =>
  readdirSync(directory, { recursive: true })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(directory, path))

const built = modulesIn(cloud)
const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((name) => [name, join(cloud, `${name}.js`)])),
  platform: 'node',
  external: (id, _importer, isResolved) => (isResolved ? !isWithin(cloud, id) : !/^[./]/.test(id)),
})
const { output } = await bundle.write({ dir: cloud, chunkFileNames: 'chunks/[name]-[hash].js' })
await bundle.close()

const joined = new Set(output.map(({ fileName }) => join(cloud, fileName)))
for (const path of built) if (!joined.has(path)) rmSync(path)

const IMPORT = /(?:from |import\(|import )['"](\.[^'"]+|#fixtures\/[^'"]+)['"]/g
const broken = modulesIn(dist).flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(IMPORT)]
    .map(([, id]) => (id.startsWith('#') ? join(dist, `${id.slice(1)}.js`) : resolve(dirname(path), id)))
    .filter((target) => isWithin(dist, target) && !existsSync(target))
    .map((target) => `${relative(dist, path)} imports ${relative(dist, target)}, which is not there`),
)
if (broken.length > 0) throw new Error(broken.join('\n'))
