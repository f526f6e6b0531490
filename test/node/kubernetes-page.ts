/** docs/kubernetes.md with what its commands print, in its order, for an operator who has nothing yet. */
import { withSessions } from '../../scripts/cli-page.ts'
import { Normaliser } from '../../scripts/normalised.ts'
import type { ChildRun } from '../rig/processes/child.ts'
import { until } from './cluster.ts'
import { API_URL } from './control-plane.ts'
import type { Operator } from './operator.ts'

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
