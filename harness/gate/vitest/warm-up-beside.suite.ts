import './warm-up.suite.ts'

// A file of its own, so that Vitest hands it to a second worker.
