/** The cases in cases/*.yaml, on a real API server: what becomes of a pod, or why it is refused. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { exported, startCluster, type Pod } from './cluster.ts'
import { injectedPod, type Injected } from './model.ts'

interface Case {
  readonly name: string
  /** Changes to the settings. */
  readonly settings?: Readonly<Record<string, string>>
  /** The namespace's annotations. */
  readonly namespace?: Readonly<Record<string, string>>
  readonly 'labels-of-namespace'?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string | null>>
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly injected?: Injected
  /** The codes of its reasons, all of them. */
  readonly refused?: readonly string[]
  /** Parts of the refusal. */
  readonly says?: readonly string[]
  readonly untouched?: true
}

const CASES = join(import.meta.dirname, 'cases')
const injection = suite('pods that ask by annotation')
const cluster = await startCluster()
injection.after(() => cluster.kubernetes.stop())

for (const file of readdirSync(CASES).toSorted()) {
  const cases = parse(readFileSync(join(CASES, file), 'utf8')) as readonly Case[]
  for (const [index, one] of cases.entries()) {
    injection(`${file.replace('.yaml', '')}: ${one.name}`, async () => {
      const labels = one.settings === undefined ? {} : await cluster.settings(one.settings)
      const namespace = `${file.replace('.yaml', '')}-${index}`
      await cluster.namespace(namespace, one.namespace ?? { 'iam.amazonaws.com/permitted': '.*' }, {
        ...labels,
        ...one['labels-of-namespace'],
      })
      await judge(one, namespace)
    })
  }
}

async function judge(
  { annotations, labels, spec, injected, refused, says = [] }: Case,
  namespace: string,
): Promise<void> {
  const pod: Pod = {
    metadata: {
      ...(annotations && { annotations: annotations as Record<string, string> }),
      ...(labels && { labels }),
    },
    spec: spec ?? { containers: [{ name: 'app', image: 'nginx' }] },
  }
  const answer = await cluster.send(namespace, pod)
  if (refused !== undefined) {
    assert.is(answer.status, 403, JSON.stringify(answer.pod))
    assert.equal(answer.codes, refused, answer.says)
    for (const part of says) assert.ok(answer.says.includes(part), answer.says)
    return
  }
  assert.is(answer.status, 201, answer.says)
  // In a namespace without injection the API server adds its defaults alone.
  const expected = await cluster.send('plain', injected === undefined ? pod : injectedPod(pod, injected))
  assert.is(expected.status, 201, expected.says)
  assert.equal(exported(answer.pod), exported(expected.pod))
  const again = await cluster.send(namespace, exported(answer.pod))
  assert.is(again.status, 201, again.says)
  assert.equal(exported(again.pod), exported(answer.pod))
}

injection.run()
