/** The test's table of commands as a program of its own, for a real terminal and real signals. */
import { runProcess } from '../../src/operator/process.ts'
import { TEST_ROUTES } from './routes.ts'

await runProcess(process, TEST_ROUTES)
