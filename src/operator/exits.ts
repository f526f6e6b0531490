/** Exit codes of the operator's program: the pod's where the two meet. */
import { EXIT_CODES, type IamRaError, type Stage } from '../errors.ts'

const OF_STAGE: Readonly<Record<Stage, number>> = { ...EXIT_CODES, cluster: 7, confirmation: 9 }

/** For a command that did what it was asked, and found a fault, drift, or work to do. */
export const FOUND = 8

export function exitOf(error: IamRaError): number {
  return error.signal === undefined ? OF_STAGE[error.stage] : 128 + error.signal
}

export const EXIT_HELP = `Exit codes:
    0  done, or nothing to do
    2  the command line, a name or a setting is wrong
    3  Vault said no, or could not be reached
    4  a CA or certificate is not fit
    5  AWS said no, or could not be reached
    6  a file of this machine cannot be written
    7  the cluster (kubectl) said no, or could not be reached
    8  a check found a fault, drift or work to do
    9  nobody confirmed the change
   70  a bug of iam-ra
128+n  stopped by signal n`
