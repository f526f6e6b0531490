import { STSClient } from '@aws-sdk/client-sts'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stsEndpoint } from '../../src/settings/endpoint.ts'

const endpoints = suite('settings: endpoint of STS')

type Choice = Parameters<typeof stsEndpoint>[0]

/** AWS General Reference, “AWS Security Token Service endpoints and quotas”. */
const WITH_FIPS = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'us-gov-east-1', 'us-gov-west-1']
const WITHOUT_FIPS = [
  ...['af-south-1', 'ap-east-1', 'ap-southeast-7', 'ca-central-1', 'ca-west-1', 'eu-central-1', 'eu-west-1'],
  ...['il-central-1', 'me-south-1', 'mx-central-1', 'sa-east-1', 'cn-north-1', 'cn-northwest-1'],
]

function choices(regions: readonly string[], fips: readonly boolean[]): Choice[] {
  return regions.flatMap((region) =>
    fips.flatMap((isFips) => [false, true].map((dualStack) => ({ region, fips: isFips, dualStack }))),
  )
}

/** The endpoint rules that AWS publishes with its client. */
function oracle({ region, fips, dualStack }: Choice): string {
  const client = new STSClient({ region })
  return client.config.endpointProvider({ Region: region, UseFIPS: fips, UseDualStack: dualStack }).url.href
}

function hostOf(choice: Choice): string {
  const endpoint = stsEndpoint(choice)
  return 'value' in endpoint ? endpoint.value.host : `${endpoint.setting} ${endpoint.wrong}`
}

endpoints('AWS’s own endpoint rules agree, wherever the endpoint exists', () => {
  const existing = [...choices(WITH_FIPS, [false, true]), ...choices(WITHOUT_FIPS, [false])]
  assert.is(existing.length, 6 * 4 + 13 * 2)
  for (const choice of existing) {
    assert.is(`https://${hostOf(choice)}/`, oracle(choice), JSON.stringify(choice))
  }
})

// The rules name a FIPS host for any region; the General Reference lists them for these six alone.
endpoints('FIPS is refused where the General Reference lists no such endpoint', () => {
  for (const choice of choices(WITHOUT_FIPS, [true])) {
    assert.is(hostOf(choice), `AWS_USE_FIPS_ENDPOINT is true, but ${choice.region} has no FIPS endpoint`)
  }
})

for (const [region, fips, dualStack, host] of [
  ['eu-west-1', false, false, 'sts.eu-west-1.amazonaws.com'],
  ['eu-west-1', false, true, 'sts.eu-west-1.api.aws'],
  ['us-west-2', true, false, 'sts-fips.us-west-2.amazonaws.com'],
  ['us-west-2', true, true, 'sts-fips.us-west-2.api.aws'],
  ['us-gov-west-1', false, false, 'sts.us-gov-west-1.amazonaws.com'],
  ['us-gov-west-1', true, false, 'sts.us-gov-west-1.amazonaws.com'],
  ['cn-north-1', false, false, 'sts.cn-north-1.amazonaws.com.cn'],
  ['cn-north-1', false, true, 'sts.cn-north-1.api.amazonwebservices.com.cn'],
] as const) {
  endpoints(`${region}${fips ? ' FIPS' : ''}${dualStack ? ' dual-stack' : ''} is ${host}`, () => {
    assert.is(hostOf({ region, fips, dualStack }), host)
  })
}

for (const [region, partition] of [
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eusc-de-east-1', 'aws-eusc'],
] as const) {
  endpoints(`${region} needs an override`, () => {
    assert.is(
      hostOf({ region, fips: false, dualStack: false }),
      `AWS_ENDPOINT_URL_STS is not set, and the endpoint for partition ${partition} is unknown`,
    )
  })
}

endpoints.run()
