/** Work with a token or certificate that may expire meanwhile: the run then starts over with a login. */
import { IamRaError, type Stage } from '../errors.ts'

export interface Held {
  readonly stage: Stage
  /** What expired before what, as a message. */
  readonly ended: string
  readonly hint: string
  hasEnded(): boolean
  /**
   * Whether it is a server's answer to a token or certificate that expired on the way; an invalid one gets the same
   * answer.
   */
  isRefused(error: IamRaError): boolean
}

export function outlived({ stage, ended, hint }: Pick<Held, 'stage' | 'ended' | 'hint'>): IamRaError {
  return new IamRaError('OUTLIVED', stage, ended, { hint })
}

/** @throws IamRaError OUTLIVED if it expired before `use` or on the way, else what `use` throws */
export async function whileHeld<T>(held: Held, use: () => Promise<T>): Promise<T> {
  if (held.hasEnded()) throw outlived(held)
  try {
    return await use()
  } catch (error) {
    throw error instanceof IamRaError && held.isRefused(error) && held.hasEnded() ? outlived(held) : error
  }
}
