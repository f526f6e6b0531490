/** One run of the operator's kubectl. */
import { codeOf } from '../../errors.ts'
import type { ProgramResult, RunProgram } from '../../run/program.ts'
import type { KubeObject } from './objects.ts'
import { shellWord } from '../../text/shell-word.ts'
import { kubectlError } from './refusal.ts'

export interface KubectlOptions {
  /** Default the kubeconfig's current one. */
  readonly context?: string | undefined
  /** Default as kubectl finds it. */
  readonly kubeconfig?: string | undefined
  readonly interrupt: AbortSignal
  readonly limits?: KubectlLimits
}

export interface KubectlLimits {
  /** For one request to the API server. kubectl repeats some of them five times. */
  readonly requestSeconds: number
  /** For one run of kubectl. */
  readonly runMs: number
}

export interface KubectlRuntime {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly run: RunProgram
}

/** Time enough to sign in when a credential plug-in asks for it. */
const LIMITS: KubectlLimits = { requestSeconds: 15, runMs: 120_000 }

export interface Run {
  /** For the error, such as `list pods`. */
  readonly doing: string
  readonly args: readonly string[]
  /** Default the context's, or none. */
  readonly namespace?: string | undefined
  readonly input?: string
}

/** Runs kubectl. @throws IamRaError */
export type Call = (run: Run) => Promise<ProgramResult>

export function calling({ env, run }: KubectlRuntime, options: KubectlOptions): Call {
  const { context, kubeconfig, interrupt, limits = LIMITS } = options
  const flags = [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
  ]
  // Credential plug-ins need the rest. A kuberc file may change what a command does.
  const { VAULT_TOKEN: _secret, ...others } = env
  const given = { env: { ...others, KUBERC: 'off' }, timeoutMs: limits.runMs, signal: interrupt }
  return async ({ doing, args, namespace, input }) => {
    const where = namespace === undefined ? [] : [`--namespace=${namespace}`]
    // Objects on stdin name their own namespaces, which may differ.
    const all = [
      ...args,
      ...(input === undefined ? where : []),
      ...flags,
      `--request-timeout=${limits.requestSeconds}s`,
    ]
    const facts = { text: '', kubectl: ['kubectl', ...flags, ...where].map(shellWord).join(' ') }
    const cannot = context === undefined ? doing : `${doing} in context ${context}`
    const result = await run('kubectl', all, { ...given, input: input ?? '' }).catch((error: unknown) => {
      const ended = codeOf(error)
      throw ended === undefined ? error : kubectlError(cannot, { ...facts, ended })
    })
    const { exitCode, stdout, stderr, killed } = result
    if (exitCode === 0 && killed === undefined) return result
    // A prompt for a user name goes to stdout.
    const prompt = /^Please enter .*$/m.exec(stdout)?.[0] ?? ''
    throw kubectlError(cannot, { ...facts, text: `${prompt}\n${stderr}`.trim(), ended: killed })
  }
}

/** The objects of an answer in JSON: none, one or a list. */
export function objectsIn(answer: string): readonly KubeObject[] {
  if (answer.trim() === '') return []
  const parsed = JSON.parse(answer) as KubeObject & { readonly items?: readonly KubeObject[] }
  return parsed.items ?? [parsed]
}
