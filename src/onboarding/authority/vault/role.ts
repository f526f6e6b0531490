/**
 * A list in an auth role, such as the accounts that may log in with it. Vault has no compare-and-set for it: a write may undo
 * what another operator has just written. So a name is added and looked for again, until it was there for long enough that
 * no write of an earlier read can follow.
 */
import { IamRaError } from '../../../errors.ts'
import type { Clock } from '../../../run/runtime.ts'
import type { Step } from '../../plan/step.ts'
import { differences, type Data } from '../../vault/difference.ts'
import type { Vault } from '../../vault/vault.ts'

export interface Admitting {
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>
  random(): number
  readonly signal?: AbortSignal | undefined
}

type Client = Pick<Vault, 'read' | 'write'>

/** The members of a role that say whom it admits. */
export const NAMES = 'bound_service_account_names'
export const NAMESPACES = 'bound_service_account_namespaces'

export interface Admitted {
  readonly member: typeof NAMES | typeof NAMESPACES
  readonly name: string
}

/** @param created the role with this name alone @param role as it is; undefined if there is none */
export function planAdmission(
  path: string,
  admitted: Admitted,
  created: Data,
  role: Data | undefined,
  admitting: Admitting & { readonly vault: Client },
): readonly Step[] {
  if (role !== undefined && admits(role, admitted)) return []
  const { member, name } = admitted
  const all = [...textsOf(role?.[member]), name]
  const shown: Step['shown'] =
    role === undefined
      ? { verb: 'create', what: path, differences: differences(created, undefined) }
      : { verb: 'change', what: path, differences: differences({ [member]: all }, role) }
  return [
    {
      shown,
      async apply() {
        await admit(path, admitted, created, admitting)
        return `${shown.verb === 'create' ? 'created' : 'changed'} ${path}: it admits ${name}`
      },
    },
  ]
}

const MOST_WRITES = 30
/** Longer than another operator takes from reading to writing. */
const CONFIRM_MS = 2000
const PAUSE_MS = 250

/**
 * @param created the role with this name alone, written if there is none
 * @throws IamRaError also if others keep undoing it
 */
export async function admit(
  path: string,
  { member, name: own }: Admitted,
  created: Data,
  { vault, clock, random, signal }: Admitting & { readonly vault: Client },
): Promise<void> {
  let writes = 0
  const seen = new Set([own])
  let wroteMs: number | undefined
  let longestMs = 0
  for (;;) {
    const readMs = clock.elapsed()
    const role = await vault.read(path)
    const names = textsOf(role?.[member])
    if (names.includes('*')) return
    for (const name of names) seen.add(name)
    const isWhole = [...seen].every((name) => names.includes(name))
    // Others are taken to be as slow as this run is, and half as slow again.
    const confirmMs = Math.max(CONFIRM_MS, 1.5 * longestMs)
    if (isWhole && (wroteMs === undefined || clock.elapsed() - wroteMs >= confirmMs)) return
    if (!isWhole) {
      if (writes === MOST_WRITES) throw undone(path, own)
      writes += 1
      await vault.write(path, {
        ...(role === undefined ? created : {}),
        [member]: [...new Set([...names, ...seen])],
      })
      wroteMs = clock.elapsed()
      longestMs = Math.max(longestMs, wroteMs - readMs)
    }
    await clock.sleep(PAUSE_MS * (0.5 + random()), signal)
  }
}

/** Whether a list of a role has the name, or all. */
export function admits(role: Data, { member, name }: Admitted): boolean {
  return textsOf(role[member]).some((one) => one === name || one === '*')
}

/** Why a login with the role is of no use, with the cure. */
export function policyFaults(path: string, policy: string, role: Data): readonly string[] {
  const policies = textsOf(role['token_policies'])
  return policies.includes(policy)
    ? []
    : [
        `${path} does not have the policy ${policy}: vault write ${path} token_policies=${[...policies, policy].join(',')}`,
      ]
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function undone(path: string, name: string): IamRaError {
  return new IamRaError(
    'REFUSED',
    'identity',
    `${path} was given ${name} ${MOST_WRITES} times, and something else removed it again`,
    {
      hint: `run it again; if this persists, look for what else writes ${path}: Vault's audit log names it`,
    },
  )
}
