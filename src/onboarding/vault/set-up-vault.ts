/** Sets up Vault for pods: reads its state, shows what differs from the setup, and writes that with --apply. */
import { dirname, join, resolve } from 'node:path'
import { IamRaError } from '../../errors.ts'
import type { Runtime } from '../../run/runtime.ts'
import { summary } from '../plan/display.ts'
import { applyInOrder } from '../plan/order.ts'
import { applyingTo } from './apply.ts'
import type { Arguments } from './arguments.ts'
import { openVault } from './connection.ts'
import { displayPlan, showStep } from './display.ts'
import { mistake } from './error.ts'
import { readPem, readText, reasonOf } from './files.ts'
import { PARAMETER_FILES, type ParameterFiles } from './parameters.ts'
import { makePlan } from './plan.ts'
import { REFERENCE } from './reference.ts'
import { parseSetup, type Setup } from './setup.ts'
import { readState } from './state.ts'
import type { Plan, Wishes } from './step.ts'
import type { Vault } from './vault.ts'

export interface SetupRuntime extends Pick<Runtime, 'env' | 'home' | 'clock' | 'http' | 'stdout'> {
  readFile(path: string): Promise<Uint8Array>
  writeFile(path: string, text: string): Promise<void>
  warn(sentence: string): void
  /** The directory that contains k8s/vault. Absent: the copies that are part of the program. */
  readonly root?: string
  /** Looked at between two writes. */
  readonly signal?: AbortSignal
}

const DIRECTORY = 'k8s/vault'

/** @throws IamRaError */
export async function setUpVault(args: Arguments, runtime: SetupRuntime): Promise<void> {
  const { file, text } = await readSetup(args, runtime)
  const setup = parseSetup(text, file)
  const { wishes, reviewerToken } = await readWishes(args, setup, file, runtime)
  const vault = await openVault(runtime)
  try {
    await planAndApply({ args, setup, wishes, reviewerToken, vault, runtime })
  } finally {
    vault.close()
  }
}

async function readSetup(
  { setup }: Pick<Arguments, 'setup'>,
  runtime: SetupRuntime,
): Promise<{ readonly file: string; readonly text: string }> {
  const file = setup ?? join(runtime.root ?? '', DIRECTORY, 'setup.json')
  if (setup === undefined && runtime.root === undefined) return { file, text: REFERENCE['setup.json'] }
  const hint = 'set --setup to a file such as k8s/vault/setup.json, which is a starting point'
  return { file, text: await readText(runtime, file, 'the setup', hint) }
}

interface Work {
  readonly args: Arguments
  readonly setup: Setup
  readonly wishes: Wishes
  readonly reviewerToken: string | undefined
  readonly vault: Vault
  readonly runtime: SetupRuntime
}

async function planAndApply({ args, setup, wishes, reviewerToken, vault, runtime }: Work): Promise<void> {
  const files = await readParameters(runtime)
  const plan = async (wanted: Wishes): Promise<Plan> =>
    makePlan(setup, files, wanted, await readState(vault, setup, files), runtime.clock.now())
  const first = await plan(wishes)
  const say = (line: string): void => runtime.stdout(`${line}\n`)
  for (const line of displayPlan(first)) say(line)
  if (first.problems.length > 0) {
    throw mistake('nothing was written', { problems: first.problems })
  }
  if (first.steps.length === 0) {
    say('nothing to do')
    return
  }
  if (!args.apply) {
    say(`${summary(first, showStep)}; nothing was written: run with --apply to write`)
    return
  }
  const writeFile = async (path: string, text: string): Promise<void> => {
    try {
      await runtime.writeFile(path, text)
    } catch (cause) {
      throw new IamRaError('FILE', 'sink', `--csr-out ${path} cannot be written: ${reasonOf(cause)}`, {
        cause,
        hint: 'name a file in a directory that you may write to: the next run makes the request again, for the same key',
      })
    }
  }
  const { ca } = wishes
  const left = await applyInOrder(first.steps, {
    apply: applyingTo({
      ...{ vault, setup, writeFile },
      reviewerToken: reviewerToken === undefined ? undefined : () => Promise.resolve(reviewerToken),
    }),
    // Vault may accept a value and store another: what it shows now is what counts.
    again: () =>
      plan({
        ...(ca === undefined ? {} : { ca }),
        reviewerToken: false,
        replaceReviewerToken: false,
        rotate: false,
      }),
    say,
    ...(runtime.signal === undefined ? {} : { signal: runtime.signal }),
  })
  if (left.steps.length === 0 && left.problems.length === 0) {
    for (const note of left.notes) if (!first.notes.includes(note)) say(`note: ${note}`)
    say('done: Vault has all of it')
    return
  }
  throw new IamRaError(
    'REFUSED',
    'identity',
    'Vault accepted what was written, but still shows something else',
    {
      problems: [...displayPlan(left), ...left.problems],
      hint: 'check whether something else writes to this Vault, or whether this Vault version uses other values',
    },
  )
}

const CA_HINT =
  "put the API server's CA there: kubernetes.caFile is relative to the directory of the setup file"
const SIGNED_HINT =
  'name the file with the certificate that the CA above issued for the request, followed by those above it'

async function readWishes(
  args: Arguments,
  setup: Setup,
  setupFile: string,
  runtime: SetupRuntime,
): Promise<{ readonly wishes: Wishes; readonly reviewerToken: string | undefined }> {
  const { caFile } = setup.kubernetes
  const ca =
    caFile === undefined
      ? undefined
      : await readPem(runtime, resolve(dirname(setupFile), caFile), 'kubernetes.caFile', CA_HINT)
  const tokenFile = args.replaceReviewerToken ?? args.reviewerToken
  const tokenHint = 'omit the flag if Vault already has one; kubectl create token creates another'
  const reviewerToken =
    tokenFile === undefined
      ? undefined
      : (await readText(runtime, tokenFile, 'the reviewer token', tokenHint)).trim()
  if (reviewerToken !== undefined && !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(reviewerToken)) {
    throw mistake(`${tokenFile} does not contain a service-account token`, {
      hint: 'create one with kubectl create token vault-reviewer --namespace vault',
    })
  }
  const signed =
    args.signedCert === undefined
      ? undefined
      : { file: args.signedCert, pem: await readPem(runtime, args.signedCert, '--signed-cert', SIGNED_HINT) }
  const wishes: Wishes = {
    rotate: args.rotate,
    reviewerToken: reviewerToken !== undefined,
    replaceReviewerToken: args.replaceReviewerToken !== undefined,
    ...(ca === undefined ? {} : { ca }),
    ...(signed === undefined ? {} : { signed }),
    ...(args.csrOut === undefined ? {} : { csrOut: args.csrOut }),
    ...(args.rootMount === undefined ? {} : { rootMount: args.rootMount }),
  }
  return { wishes, reviewerToken }
}

async function readParameters({ root, readFile }: SetupRuntime): Promise<ParameterFiles> {
  if (root === undefined) return REFERENCE
  const texts = PARAMETER_FILES.map(async (name) => {
    return [name, await readText({ readFile }, join(root, DIRECTORY, name), 'a parameter file')] as const
  })
  return Object.fromEntries(await Promise.all(texts)) as ParameterFiles
}
