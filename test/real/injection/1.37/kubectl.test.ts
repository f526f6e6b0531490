/** The same on API server 1.37. */
import { runOn } from '../cluster.ts'

runOn('1.37')
await import('../kubectl.test.ts')
