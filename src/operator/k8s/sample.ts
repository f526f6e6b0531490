/** The flags of `iam-ra k8s onboard` that say what its objects are like. */
import { IamRaError } from '../../errors.ts'
import type { OperatorContext } from '../context.ts'

export interface SampleFlags {
  readonly mode?: Mode
  readonly sample?: Sample | 'none'
  readonly 'no-sample-pod'?: boolean
  readonly image?: string
  readonly 'duration-hours'?: string
  readonly arns?: Arns
}

export type Mode = 'init' | 'renew' | 'serve' | 'imds'
export type Sample = 'pod' | 'deployment' | 'job'
export type Arns = 'configmap' | 'operator'

export interface SampleWishes {
  readonly mode: Mode
  readonly sample: Sample | undefined
  readonly image: string | undefined
  readonly certificateHours: number | undefined
  readonly arns: Arns
}

/** The PKI role's max_ttl in k8s/vault/pki-role.json. */
const MOST_HOURS = 24

/** @throws IamRaError */
export function readSampleWishes({ runtime }: OperatorContext, flags: SampleFlags): SampleWishes {
  const { mode = 'serve', sample = 'pod', 'no-sample-pod': none = false, arns = 'configmap' } = flags
  if (none && flags.sample !== undefined && flags.sample !== 'none') {
    throw wrong(`--no-sample-pod and --sample ${flags.sample} contradict each other`, 'omit one of them')
  }
  const hours = flags['duration-hours']
  if (
    hours !== undefined &&
    !(/^\d{1,2}$/.test(hours) && Number(hours) >= 1 && Number(hours) <= MOST_HOURS)
  ) {
    throw wrong(
      `--duration-hours ${hours} is not a lifetime that Vault's role signs`,
      `give it whole hours, 1 to ${MOST_HOURS}`,
    )
  }
  const image = flags.image ?? runtime.env['IAM_RA_IMAGE']?.trim()
  return {
    ...{ mode, arns, sample: none || sample === 'none' ? undefined : sample },
    image: image === '' ? undefined : image,
    certificateHours: hours === undefined ? undefined : Number(hours),
  }
}

function wrong(message: string, hint: string): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, { hint })
}
