/** A node with one pod, for those who look at what it leaves behind. `stop` ends it by itself; `stay` waits for its end. */
import { join } from 'node:path'
import { TAGS } from './build-images.ts'
import { until } from './cluster.ts'
import { startNode } from './node.ts'

const node = await startNode([join(process.env['IAM_RA_IMAGES'] ?? '', 'sandbox.tar')], TAGS.sandbox)
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const pods = '/api/v1/namespaces/default/pods'
await until(
  'the default account',
  async () => ((await node.request('GET', accounts))['items'] as readonly unknown[])[0],
  async () => node.log(),
)
await node.request('POST', pods, {
  metadata: { name: 'one' },
  spec: {
    containers: [{ name: 'app', image: TAGS.sandbox }],
    volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }],
  },
})
await until(
  'the pod',
  async () => {
    const { phase } = (await node.request('GET', `${pods}/one`))['status'] as { phase: string }
    return phase === 'Running' ? phase : undefined
  },
  async () => node.log(),
)
process.stdout.write('a pod runs\n')
if (process.argv[2] === 'stop') await node.stop()
