/** Waits until the sample has its credentials, and says what it is waiting for. */
import { IamRaError } from '../../errors.ts'
import { podState, type PodState } from '../../onboarding/kubernetes/pod-state.ts'
import type { KubeObject } from '../../onboarding/kubernetes/objects.ts'
import { durationSeconds } from '../../settings/values.ts'
import { startProgress } from '../../terminal/progress.ts'
import type { OperatorContext } from '../context.ts'
import { kubectlOf, type ClusterFlags } from './cluster.ts'

const DEFAULT_WAIT = '2m'
const PAUSE_MS = 1000
const MOST_SECONDS = 3600

/** @returns milliseconds; undefined without --wait @throws IamRaError */
export function readWait({
  wait,
  apply,
}: {
  readonly wait?: string
  readonly apply?: boolean
}): number | undefined {
  if (wait === undefined) return undefined
  if (apply !== true) {
    throw new IamRaError(
      'SETTINGS_INVALID',
      'settings',
      '--wait needs --apply: printed objects are not there yet',
      {
        hint: 'add --apply, or wait with kubectl after kubectl apply',
      },
    )
  }
  const seconds = durationSeconds(wait === '' ? DEFAULT_WAIT : wait) ?? 0
  if (seconds >= 1 && seconds <= MOST_SECONDS) return seconds * 1000
  throw new IamRaError('SETTINGS_INVALID', 'settings', `--wait ${wait} is not a time to wait`, {
    hint: 'give it 1s to 1h, such as --wait=90s',
  })
}

/** @throws IamRaError if it has none in time, with what it was still waiting for */
export async function waitForSample(
  context: OperatorContext,
  flags: ClusterFlags,
  { objects, waitMs }: { readonly objects: readonly KubeObject[]; readonly waitMs: number },
): Promise<void> {
  const { runtime, interrupt } = context
  const sample = objects.find(
    ({ metadata, kind }) => metadata.name.endsWith('-sample') && kind !== 'ConfigMap',
  )
  if (sample === undefined) return
  const { namespace = 'default', labels = {} } = sample.metadata
  const name = `${sample.kind.toLowerCase()}/${sample.metadata.name}`
  const selector = `iam-ra/workload=${labels['iam-ra/workload'] ?? ''},iam-ra/cluster=${labels['iam-ra/cluster'] ?? ''}`
  const kubectl = kubectlOf(context, flags)
  const untilMs = runtime.clock.elapsed() + waitMs
  const progress = startProgress(runtime, `${name} to have credentials`)
  let said = ''
  try {
    for (;;) {
      const pods = await kubectl.list('pod', selector, namespace)
      const state = stateOf(pods)
      if (state.has) break
      if (runtime.clock.elapsed() >= untilMs) throw late(name, namespace, waitMs, state)
      progress.awaits(`${name}: ${state.awaits}`)
      // Where there is no line to redraw, such as in a pipeline's log.
      if (!runtime.terminal.live && state.awaits !== said)
        runtime.stderr(`waiting for ${name}: ${state.awaits}\n`)
      said = state.awaits
      await runtime.clock.sleep(PAUSE_MS, interrupt)
    }
  } finally {
    progress.end()
  }
  runtime.stderr(`${name} has credentials: kubectl -n ${namespace} logs ${name} -c app shows its identity\n`)
}

/** Of its newest pod. */
function stateOf(pods: readonly KubeObject[]): PodState {
  const states = pods.map(podState)
  return states.find(({ has }) => has) ?? states.at(-1) ?? { has: false, awaits: 'its pod is not there yet' }
}

function late(name: string, namespace: string, waitMs: number, { awaits }: PodState): IamRaError {
  return new IamRaError(
    'TIMEOUT',
    'cluster',
    `${name} has no credentials after ${Math.round(waitMs / 1000)} s: ${awaits}`,
    {
      hint: `iam-ra doctor says what does not fit, and kubectl -n ${namespace} logs ${name} -c aws-iam-ra what it met`,
    },
  )
}
