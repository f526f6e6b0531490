/**
 * docs/kubernetes.md with what its commands print, in its order, for an operator who has nothing yet. Run to write it; a test
 * checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { withSessions } from '../../scripts/cli-page.ts'
import { Normaliser } from '../../scripts/normalised.ts'
import type { ChildRun } from '../rig/processes/child.ts'
import { until } from './cluster.ts'
import { API_URL } from './control-plane.ts'
import { nodeEnvironment } from './environment.ts'
import { startInside } from './namespaces.ts'
import { startOperator, type Operator } from './operator.ts'

export const KUBERNETES_PAGE = join(ROOT, 'docs/kubernetes.md')

export async function pageWithOutputs(operator: Operator, page: string): Promise<string> {
  const normaliser = new Normaliser([
    [API_URL, 'https://kubernetes.example.com:6443'],
    ['(context node)', '(context demo)'],
  ])
  return await withSessions(page, async (line) => {
    // In the order in which a terminal shows them.
    const both = `exec 2>&1; ${line}`
    const { code, stdout } = await (line.startsWith('kubectl logs')
      ? said(operator, both)
      : operator.shell(both))
    return { code, output: normaliser.normalise(stdout, Date.now()) }
  })
}

/** Of an app that has started a moment ago. */
async function said(operator: Operator, line: string): Promise<ChildRun> {
  return await until(
    `output of ${line}`,
    async () => {
      const ran = await operator.shell(line)
      return ran.stdout.includes('"Arn"') ? ran : undefined
    },
    async () => (await operator.shell('kubectl describe pods')).stdout,
  )
}

/** Inside of the node's namespaces nothing of the checkout can be written. */
async function printPage(): Promise<void> {
  const operator = await startOperator()
  try {
    process.stdout.write(await pageWithOutputs(operator, readFileSync(KUBERNETES_PAGE, 'utf8')))
  } finally {
    await operator.stop()
  }
}

async function writePage(): Promise<void> {
  Object.assign(process.env, await nodeEnvironment())
  const inside = startInside(import.meta.filename, ['print'])
  if ((await inside.ended) === 0) writeFileSync(KUBERNETES_PAGE, inside.output())
  else process.exitCode = 1
}

if (import.meta.main) await (process.argv[2] === 'print' ? printPage() : writePage())
