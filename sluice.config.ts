import { defineConfig } from 'sluice'
import { embedded } from 'sluice/clouds'
import { canary } from 'sluice/strategies'

export default defineConfig({
  cloud: embedded({ timeScale: 60 }),
  service: { name: 'orders', entry: { loadBalancer: 'orders', listener: 80 }, fleets: 'clone', url: '/' },
  releases: {
    '1.0.0': { version: '1.0.0' },
    '2.0.0': { version: '2.0.0' },
    // Releases with defects: deploy one and watch the gate close.
    '2.0.1-errors': {
      version: '2.0.1',
      userData: { version: '2.0.1', defects: [{ kind: 'error', rate: 0.05 }] },
    },
    '2.0.2-unhealthy': {
      version: '2.0.2',
      userData: { version: '2.0.2', defects: [{ kind: 'never-healthy' }] },
    },
    '2.0.3-wrong-page': {
      version: '2.0.3',
      userData: { version: '2.0.3', defects: [{ kind: 'wrong-page' }] },
    },
  },
  baseline: '1.0.0',
  release: '2.0.0',
  strategy: canary({ steps: [5, 25, 50, 100], bake: '5m' }),
  gates: {
    errorRate: { ceiling: 0.02, alpha: 0.01 },
    latency: { p99: '500ms', slowdown: 1.5 },
    minRequests: 300,
  },
  probe: { rate: 100, expect: { status: 200, bodyIncludes: 'orders' } },
})
