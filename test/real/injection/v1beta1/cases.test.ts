/** The same on the API of 1.34. */
import { runOn } from '../cluster.ts'

runOn('v1beta1')
await import('../cases.test.ts')
