/**
 * The commands that teams know from another tool of this name (fixtures/known-commands.md), run as they are written:
 * by a shell, with the pipe into kubectl, against a real Vault, a real API server and the emulated account.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { onTerminal } from '../../rig/processes/terminal.ts'
import { startKubernetes } from '../../rig/servers/kubernetes.ts'
import { startGround } from './ground.ts'

/** Each line that begins with `iam-ra`, with its continuations, in the order of the text. */
function knownLines(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, 'fixtures/known-commands.md'), 'utf8')
  const blocks = [...text.matchAll(/^```bash\n([^]*?)^```/gm)].map(([, block = '']) => block)
  return blocks
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('iam-ra '))
}

/** What the lines of the reference leave to the reader; what is in brackets is given. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/\[(.*?)\]/g, '$1'],
  [/<(?:cluster-)?name>/g, 'prod-cluster'],
  [/<workload-name>/g, 'payment-service'],
  [/<role-name>/g, 'admin'],
  [/<ns>/g, 'default'],
  [/<hours>/g, '12'],
  // The mode of this program's first version.
  [/--ca-mode self-signed/, '--ca-mode vault'],
]

function filled(line: string): string {
  return PLACEHOLDERS.reduce(
    (text, [pattern, value]) => text.replaceAll(new RegExp(pattern, 'g'), value),
    line,
  )
}

/** What the text does not say, before the line that needs it. */
const PREPARATION: readonly (readonly [before: RegExp, line: string])[] = [
  // The text onboards workloads of this cluster before it sets the cluster up.
  [
    /^iam-ra k8s onboard backend-api /,
    'iam-ra k8s setup prod --k8s-namespace iam-ra-system | kubectl apply -f -',
  ],
  // A name is of one cluster: the text does not say how its reader changes contexts.
  [/^iam-ra k8s setup prod-us-east-1$/, 'kubectl config use-context elsewhere'],
  [/^iam-ra k8s setup prod --k8s/, 'kubectl config use-context admin'],
  // A workload without --role has the role of its own name.
  [
    /^iam-ra k8s onboard api /,
    'iam-ra role create api --policy arn:aws:iam::aws:policy/ReadOnlyAccess && kubectl create namespace api-ns',
  ],
]

const known = suite('the commands that teams know')
const [ground, elsewhere] = await Promise.all([startGround(), startKubernetes()])
known.after(async () => {
  await Promise.all([ground.stop(), elsewhere.stop()])
})
const other = join(ground.home, 'elsewhere')
writeFileSync(other, elsewhere.kubeconfig({ context: 'elsewhere' }), { mode: 0o600 })
const env = { ...ground.env, KUBECONFIG: `${ground.env['KUBECONFIG'] ?? ''}:${other}` }

const isRemoval = (line: string): boolean => /^iam-ra (k8s (offboard|teardown)|destroy) /.test(line)

async function succeeds(line: string): Promise<string> {
  const { code, stdout, stderr } = await ground.shell(line, env)
  assert.is(code, 0, `${line}\n${stderr}`)
  return stdout
}

/** As somebody at a terminal does it, who says yes. */
async function confirmed(line: string): Promise<void> {
  const { code, shown } = await onTerminal(['/bin/bash', '-c', line], {
    ...{ at: '[y/N]', keys: 'y', env },
  })
  assert.is(code, 0, `${line}\n${shown}`)
}

known('work unchanged', async () => {
  const lines = knownLines().map(filled)
  assert.is(lines.length, 21)
  const left = [...PREPARATION]
  for (const line of lines.filter((one) => !isRemoval(one))) {
    const at = left.findIndex(([before]) => before.test(line))
    if (at !== -1) for (const [, preparation] of left.splice(at, 1)) await succeeds(preparation)
    await succeeds(line)
  }
  assert.equal(left, [])
})

known('take away what they gave, when somebody confirms it', async () => {
  const removals = knownLines().map(filled).filter(isRemoval)
  assert.equal(
    removals.map((line) => line.split(' ').slice(1, 3).join(' ')),
    ['k8s teardown', 'k8s offboard', 'destroy --yes'],
  )
  // In the text they are in the order of a reference: a cluster goes after its workloads.
  const [teardown = '', offboard = '', destroy = ''] = removals
  await confirmed(offboard)
  await confirmed(teardown)
  await succeeds(destroy)
  // The text ends with an installation from the beginning.
  await succeeds(knownLines().map(filled).at(-1) ?? '')
})

known.run()
