/** The operator's program with a clock on which its own waits, between two reads of what spreads slowly, pass eight times faster. */
import { runProcess } from '../../../src/operator/process.ts'
import { systemClock } from '../../../src/run/runtime.ts'
import { fastClock } from './fast-clock.ts'

Object.assign(systemClock, fastClock(8))
await runProcess(process)
