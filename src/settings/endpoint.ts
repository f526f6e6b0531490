/** Where Roles Anywhere answers, by partition, region and variant. */
import type { Unfit } from './values.ts'

interface Suffixes {
  readonly standard: string
  readonly dualStack: string
}

/** AWS General Reference, “IAM Roles Anywhere endpoints and quotas”; the newer partitions are not in it. */
const SUFFIXES: Readonly<Record<string, Suffixes>> = {
  aws: { standard: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-us-gov': { standard: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-cn': { standard: 'amazonaws.com.cn', dualStack: 'api.amazonwebservices.com.cn' },
}

/** The same page. AWS's own endpoint rules name a FIPS host for every region, most of which do not exist. */
const FIPS_REGIONS: readonly string[] = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'us-gov-east-1',
  'us-gov-west-1',
]

export interface EndpointChoice {
  readonly partition: string
  readonly region: string
  readonly fips: boolean
  readonly dualStack: boolean
}

export type Endpoint =
  | { readonly value: URL }
  | (Unfit & { readonly setting: 'AWS_ENDPOINT_URL_ROLESANYWHERE' | 'AWS_USE_FIPS_ENDPOINT' })

/** FIPS with dual-stack is on no page; `rolesanywhere-fips.R.api.aws` is what AWS's endpoint rules give. */
export function rolesAnywhereEndpoint({ partition, region, fips, dualStack }: EndpointChoice): Endpoint {
  const suffixes = Object.hasOwn(SUFFIXES, partition) ? SUFFIXES[partition] : undefined
  if (suffixes === undefined) {
    return {
      setting: 'AWS_ENDPOINT_URL_ROLESANYWHERE',
      wrong: `is not set, and the endpoint of partition ${partition} is not known`,
      expected: 'the address of Roles Anywhere there',
    }
  }
  if (fips && !FIPS_REGIONS.includes(region)) {
    return {
      setting: 'AWS_USE_FIPS_ENDPOINT',
      wrong: `is true, and ${region} has no FIPS endpoint`,
      expected: `false, or a trust anchor in ${FIPS_REGIONS.join(', ')}`,
    }
  }
  const service = fips ? 'rolesanywhere-fips' : 'rolesanywhere'
  const suffix = dualStack ? suffixes.dualStack : suffixes.standard
  return { value: new URL(`https://${service}.${region}.${suffix}`) }
}
