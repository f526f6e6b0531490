/** Exit codes of the operator's program. Stages that the pod's program has too keep its codes. */
import { EXIT_CODES, type IamRaError, type Stage } from '../errors.ts'

const OF_STAGE: Readonly<Record<Stage, number>> = { ...EXIT_CODES, cluster: 7, confirmation: 9 }

/** For a command that worked, and found a problem, drift or work to do. */
export const FOUND = 8

export function exitOf(error: IamRaError): number {
  return error.signal === undefined ? OF_STAGE[error.stage] : 128 + error.signal
}

export const EXIT_HELP = `Exit codes:
    0  done, or nothing to do
    2  the command line, a name or a setting is wrong
    3  Vault refused, or could not be reached
    4  a CA or certificate cannot be used
    5  AWS refused, or could not be reached
    6  a file on this machine cannot be written
    7  the cluster (kubectl) refused, or could not be reached
    8  a check found a problem, drift or work to do
    9  the change was not confirmed
   70  a bug in iam-ra
128+n  stopped by signal n`
