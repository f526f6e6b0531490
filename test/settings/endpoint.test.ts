import { RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rolesAnywhereEndpoint, type EndpointChoice } from '../../src/settings/endpoint.ts'

const endpoints = suite('settings: endpoint')

const REGIONS: Readonly<Record<string, readonly string[]>> = {
  aws: [
    ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'af-south-1', 'ap-east-1', 'ap-northeast-3'],
    ...[
      'ap-southeast-2',
      'ca-central-1',
      'eu-central-1',
      'eu-west-1',
      'il-central-1',
      'me-south-1',
      'sa-east-1',
    ],
  ],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1'],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
}
const WITH_FIPS = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'us-gov-east-1', 'us-gov-west-1']

const choices: readonly EndpointChoice[] = Object.entries(REGIONS).flatMap(([partition, regions]) =>
  regions.flatMap((region) =>
    [false, true].flatMap((fips) =>
      [false, true].map((dualStack) => ({ partition, region, fips, dualStack })),
    ),
  ),
)

/** The endpoint rules that AWS publishes with its control-plane client. */
function oracle({ region, fips, dualStack }: EndpointChoice): string {
  const client = new RolesAnywhereClient({ region })
  const parameters = { Region: region, UseFIPS: fips, UseDualStack: dualStack }
  return client.config.endpointProvider(parameters).url.href
}

function hostOf(choice: EndpointChoice): string {
  const endpoint = rolesAnywhereEndpoint(choice)
  return 'value' in endpoint ? endpoint.value.host : `${endpoint.setting} ${endpoint.wrong}`
}

endpoints('AWS’s own endpoint rules agree, wherever the endpoint exists', () => {
  const existing = choices.filter(({ region, fips }) => !fips || WITH_FIPS.includes(region))
  assert.is(existing.length, 18 * 2 + 6 * 2)
  for (const choice of existing) {
    assert.is(`https://${hostOf(choice)}/`, oracle(choice), JSON.stringify(choice))
  }
})

// AWS's rules name a FIPS host for any region; the General Reference lists six, and the others do not resolve.
endpoints('FIPS is refused where the General Reference lists no such endpoint', () => {
  const missing = choices.filter(({ region, fips }) => fips && !WITH_FIPS.includes(region))
  assert.is(missing.length, 12 * 2)
  for (const choice of missing) {
    assert.is(hostOf(choice), `AWS_USE_FIPS_ENDPOINT is true, but ${choice.region} has no FIPS endpoint`)
  }
})

for (const [choice, host] of [
  [['aws', 'eu-west-1', false, false], 'rolesanywhere.eu-west-1.amazonaws.com'],
  [['aws', 'eu-west-1', false, true], 'rolesanywhere.eu-west-1.api.aws'],
  [['aws', 'us-east-1', true, false], 'rolesanywhere-fips.us-east-1.amazonaws.com'],
  [['aws', 'us-east-1', true, true], 'rolesanywhere-fips.us-east-1.api.aws'],
  [['aws-us-gov', 'us-gov-west-1', true, false], 'rolesanywhere-fips.us-gov-west-1.amazonaws.com'],
  [['aws-cn', 'cn-north-1', false, false], 'rolesanywhere.cn-north-1.amazonaws.com.cn'],
  [['aws-cn', 'cn-north-1', false, true], 'rolesanywhere.cn-north-1.api.amazonwebservices.com.cn'],
] as const) {
  endpoints(`${choice.join(' ')} is ${host}`, () => {
    const [partition, region, fips, dualStack] = choice
    assert.is(hostOf({ partition, region, fips, dualStack }), host)
  })
}

for (const partition of ['aws-iso', 'aws-eusc', 'aws-x', 'constructor']) {
  endpoints(`partition ${partition} needs an override`, () => {
    assert.is(
      hostOf({ partition, region: 'xx-east-1', fips: false, dualStack: false }),
      `AWS_ENDPOINT_URL_ROLESANYWHERE is not set, and the endpoint for partition ${partition} is unknown`,
    )
  })
}

endpoints.run()
