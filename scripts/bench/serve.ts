/**
 * Measures `serve` of the shipped file: requests on loopback, memory, renewals and their process. Writes
 * docs/lab/serve.* and the tables of docs/performance.md. With --quick it does less, prints the results and writes
 * nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startStage } from '../../test/rig/emulators/stage.ts'
import { freePort, MEMORY_PARENT } from '../../test/rig/processes/process.ts'
import { ROOT } from '../checks/files.ts'
import { benchCommand, report } from './command.ts'
import { publish } from './pages.ts'
import { SERVE_PAGE, summary } from './serve/page.ts'
import type { Results } from './serve/results.ts'
import { runServe, type Counts } from './serve/run.ts'

/**
 * 360 renewals are an hour of the shortest lifetime that src/renewal renews, one every ten seconds, without the
 * waiting; for one-hour sessions they are a week.
 */
const WHOLE: Counts = {
  rounds: 3,
  requests: { one: 3000, sixteen: 9000, new: 1000 },
  watched: 11,
  renewals: 360,
  otherRenewals: 10,
  idleSeconds: 60,
}

export const QUICK: Counts = {
  rounds: 1,
  requests: { one: 200, sixteen: 320, new: 50 },
  watched: 1,
  renewals: 4,
  otherRenewals: 1,
  idleSeconds: 1,
}

/** The bench is over long before. */
const TOKEN_LIFETIME_S = 3600

/** @param executable path of the shipped file */
export async function benchServe(
  executable: string,
  counts: Counts,
  report: (text: string) => void,
): Promise<Results> {
  if (process.platform !== 'linux') throw new Error('it reads /proc, which only Linux has')
  const folder = mkdtempSync(join(MEMORY_PARENT, 'iam-ra-bench-'))
  try {
    const stage = await startStage()
    try {
      writeFileSync(join(folder, 'token'), stage.token({ lifetimeSeconds: TOKEN_LIFETIME_S }), {
        mode: 0o600,
      })
      const [endpointPort, healthPort] = [await freePort(), await freePort()]
      return await runServe({ stage, folder, executable, endpointPort, healthPort }, counts, report)
    } finally {
      await stage.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(isQuick: boolean): Promise<void> {
  const results = await benchServe(join(ROOT, 'dist/aws-iam-ra'), isQuick ? QUICK : WHOLE, report)
  process.stdout.write(`\n${summary(results)}`)
  if (!isQuick) await publish(SERVE_PAGE, results)
}

if (import.meta.main) await benchCommand(main)
