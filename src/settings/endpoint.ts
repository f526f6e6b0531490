/** The endpoints of Roles Anywhere and STS, by partition, region and variant. */
import type { Unfit } from './values.ts'

interface Suffixes {
  readonly standard: string
  readonly dualStack: string
}

/** AWS General Reference, “IAM Roles Anywhere endpoints and quotas”; it lacks the newer partitions. */
const SUFFIXES: Readonly<Record<string, Suffixes>> = {
  aws: { standard: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-us-gov': { standard: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-cn': { standard: 'amazonaws.com.cn', dualStack: 'api.amazonwebservices.com.cn' },
}

/** Partitions whose endpoints follow from the region. */
export const PARTITIONS: readonly string[] = Object.keys(SUFFIXES)

/** The STS region if no region is set: an IAM user's keys are known in every region of a partition. */
export const ANY_REGION = 'us-east-1'

/** From the same page. AWS's own endpoint rules name a FIPS host for every region, most of which do not exist. */
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

export type EndpointOverride = 'AWS_ENDPOINT_URL_ROLESANYWHERE' | 'AWS_ENDPOINT_URL_STS'

export type Endpoint =
  { readonly value: URL } | (Unfit & { readonly setting: EndpointOverride | 'AWS_USE_FIPS_ENDPOINT' })

/** No page documents FIPS with dual-stack; `rolesanywhere-fips.R.api.aws` is the result of AWS's endpoint rules. */
export function rolesAnywhereEndpoint(choice: EndpointChoice): Endpoint {
  return endpoint('Roles Anywhere', 'rolesanywhere', 'AWS_ENDPOINT_URL_ROLESANYWHERE', choice)
}

/**
 * The same suffixes and the same FIPS regions (AWS General Reference, “AWS Security Token Service endpoints and
 * quotas”), except that GovCloud's plain names are FIPS endpoints, without dual-stack.
 */
export function stsEndpoint(choice: Omit<EndpointChoice, 'partition'>): Endpoint {
  const partition = partitionOf(choice.region)
  const fips = choice.fips && (partition !== 'aws-us-gov' || choice.dualStack)
  return endpoint('STS', 'sts', 'AWS_ENDPOINT_URL_STS', { ...choice, partition, fips })
}

/** How a partition's region names begin, as AWS's SDKs tell partitions apart (their partitions.json). */
const REGION_PREFIXES: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
]

function partitionOf(region: string): string {
  return REGION_PREFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws'
}

function endpoint(
  server: string,
  service: string,
  override: EndpointOverride,
  { partition, region, fips, dualStack }: EndpointChoice,
): Endpoint {
  const suffixes = Object.hasOwn(SUFFIXES, partition) ? SUFFIXES[partition] : undefined
  if (suffixes === undefined) {
    return {
      setting: override,
      wrong: `is not set, and the endpoint for partition ${partition} is unknown`,
      expected: `the address of ${server} there`,
    }
  }
  if (fips && !FIPS_REGIONS.includes(region)) {
    return {
      setting: 'AWS_USE_FIPS_ENDPOINT',
      wrong: `is true, but ${region} has no FIPS endpoint`,
      expected: `false, or one of the regions ${FIPS_REGIONS.join(', ')}`,
    }
  }
  const suffix = dualStack ? suffixes.dualStack : suffixes.standard
  return { value: new URL(`https://${service}${fips ? '-fips' : ''}.${region}.${suffix}`) }
}
