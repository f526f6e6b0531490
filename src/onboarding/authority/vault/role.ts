/**
 * The auth role of a namespace, which lists the accounts that may log in. Vault has no compare-and-set for it: a write may undo
 * what another operator has just written. So an account is added and looked for again, until it was there for long enough that
 * no write of an earlier read can follow.
 */
import { IamRaError } from '../../../errors.ts'
import type { Clock } from '../../../run/runtime.ts'
import type { Data } from '../../vault/difference.ts'
import type { Vault } from '../../vault/vault.ts'

export interface Admitting {
  readonly vault: Pick<Vault, 'read' | 'write'>
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>
  random(): number
  readonly signal?: AbortSignal | undefined
}

export const NAMES = 'bound_service_account_names'

const BOUND_MS = 30_000
/** Longer than another operator takes from reading to writing. */
const CONFIRM_MS = 2000
const PAUSE_MS = 250

/**
 * @param created the role with this account alone, written if there is none
 * @throws IamRaError also if others keep undoing it
 */
export async function admit(
  path: string,
  account: string,
  created: Data,
  { vault, clock, random, signal }: Admitting,
): Promise<void> {
  const startMs = clock.elapsed()
  const seen = new Set([account])
  let wroteMs: number | undefined
  let longestMs = 0
  for (;;) {
    const readMs = clock.elapsed()
    const role = await vault.read(path)
    const names = namesOf(role)
    if (names.includes('*')) return
    for (const name of names) seen.add(name)
    const isWhole = [...seen].every((name) => names.includes(name))
    // Others are taken to be as slow as this run is, and half as slow again.
    const confirmMs = Math.max(CONFIRM_MS, 1.5 * longestMs)
    if (isWhole && (wroteMs === undefined || clock.elapsed() - wroteMs >= confirmMs)) return
    if (clock.elapsed() - startMs > BOUND_MS + confirmMs) throw undone(path, account)
    if (!isWhole) {
      await vault.write(path, { ...(role === undefined ? created : {}), [NAMES]: [...seen] })
      wroteMs = clock.elapsed()
      longestMs = Math.max(longestMs, wroteMs - readMs)
    }
    await clock.sleep(PAUSE_MS * (0.5 + random()), signal)
  }
}

export function namesOf(role: Data | undefined): readonly string[] {
  return textsOf(role?.[NAMES])
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function undone(path: string, account: string): IamRaError {
  return new IamRaError(
    'REFUSED',
    'identity',
    `${path} was given ${account} again and again, and others undid it`,
    {
      hint: `run it again; if this persists, look for what else writes ${path}: Vault's audit log names it`,
    },
  )
}
