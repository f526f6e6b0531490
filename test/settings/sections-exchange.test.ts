import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ANCHOR, once, PROFILE, problemsOf, ROLE, PEM_FILE } from './fixture.ts'

const exchange = suite('settings: exchange')
const OTHER = ANCHOR.replace('eu-west-1', 'us-east-1')

exchange('every option of the exchange arrives', async () => {
  const { settings } = await once({
    SESSION_DURATION: '43200',
    SESSION_NAME: 'pod@1',
    AWS_CA_BUNDLE: PEM_FILE,
  })
  const { durationSeconds, sessionName, caFile, region } = settings.exchange
  assert.equal([durationSeconds, sessionName, caFile, region], [43_200, 'pod@1', PEM_FILE, 'eu-west-1'])
})

exchange('a session lasts 15 minutes to 12 hours', async () => {
  assert.is((await once({ SESSION_DURATION: '900' })).settings.exchange.durationSeconds, 900)
  assert.match((await problemsOf({ SESSION_DURATION: '899' })).join(), /out of range/)
  assert.match((await problemsOf({ SESSION_DURATION: '43201' })).join(), /out of range/)
})

exchange('the anchor goes by either name, and by both where they are equal', async () => {
  const other = await once({ ANCHOR_ARN: null, TRUST_ANCHOR_ARN: ANCHOR })
  assert.is(other.settings.exchange.anchorArn.text, ANCHOR)
  assert.is((await once({ TRUST_ANCHOR_ARN: ` ${ANCHOR}` })).settings.exchange.anchorArn.text, ANCHOR)
  assert.is((await once({ ANCHOR_ARN: '', TRUST_ANCHOR_ARN: ANCHOR })).settings.exchange.region, 'eu-west-1')
})

exchange('two different anchors are a problem, but a flag goes first', async () => {
  assert.equal(await problemsOf({ TRUST_ANCHOR_ARN: OTHER }), [
    `ANCHOR_ARN: "${ANCHOR}" differs from TRUST_ANCHOR_ARN; expected one of them, or both equal`,
  ])
  const flagged = await once({ ANCHOR_ARN: OTHER }, [`--trust-anchor-arn=${ANCHOR}`])
  assert.is(flagged.settings.exchange.anchorArn.text, ANCHOR)
  const own = await once({ TRUST_ANCHOR_ARN: OTHER }, [`--anchor-arn=${ANCHOR}`])
  assert.is(own.settings.exchange.anchorArn.text, ANCHOR)
})

exchange('a problem with the anchor is named by the name that was used', async () => {
  assert.match(
    (await problemsOf({ ANCHOR_ARN: null, TRUST_ANCHOR_ARN: ROLE })).join(),
    /^TRUST_ANCHOR_ARN: "arn/,
  )
  assert.match(
    (await problemsOf({ ANCHOR_ARN: null, TRUST_ANCHOR_ARN: '' })).join(),
    /^TRUST_ANCHOR_ARN: is set but/,
  )
  assert.match((await problemsOf({ ANCHOR_ARN: '', TRUST_ANCHOR_ARN: '' })).join(), /^ANCHOR_ARN: is set but/)
  const refused = await problemsOf({ ANCHOR_ARN: null, TRUST_ANCHOR_ARN: '$(X)' })
  assert.is(refused.length, 1)
})

exchange('swapped ARNs are recognised', async () => {
  const lines = await problemsOf({ ANCHOR_ARN: PROFILE, PROFILE_ARN: ANCHOR })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    [
      `ANCHOR_ARN: "${PROFILE}" is a profile's ARN, which belongs in PROFILE_ARN`,
      `PROFILE_ARN: "${ANCHOR}" is a trust anchor's ARN, which belongs in ANCHOR_ARN`,
    ],
  )
})

exchange('region, account and partition have to agree', async () => {
  const line = async (env: Record<string, string>): Promise<string> => (await problemsOf(env)).join('\n')
  const cn = (arn: string): string => arn.replace('arn:aws:', 'arn:aws-cn:')
  assert.match(
    await line({ ANCHOR_ARN: OTHER }),
    /^PROFILE_ARN: .+ has region eu-west-1; expected .+us-east-1$/,
  )
  assert.match(
    await line({ ROLE_ARN: ROLE.replace('1111', '9999') }),
    /^ROLE_ARN: .+ has account 999922223333/,
  )
  assert.match(await line({ ROLE_ARN: cn(ROLE) }), /^ROLE_ARN: .+ has partition aws-cn; expected .+, aws$/)
  assert.match(await line({ PROFILE_ARN: cn(PROFILE) }), /^PROFILE_ARN: .+ has partition aws-cn/)
})

exchange('FIPS and dual-stack choose the endpoint', async () => {
  const env = { ANCHOR_ARN: OTHER, PROFILE_ARN: PROFILE.replace('eu-west-1', 'us-east-1') }
  const host = async (more: Record<string, string>): Promise<string> =>
    (await once({ ...env, ...more })).settings.exchange.endpoint.host
  assert.is(await host({}), 'rolesanywhere.us-east-1.amazonaws.com')
  assert.is(await host({ AWS_USE_FIPS_ENDPOINT: 'True' }), 'rolesanywhere-fips.us-east-1.amazonaws.com')
  assert.is(await host({ AWS_USE_DUALSTACK_ENDPOINT: 'true' }), 'rolesanywhere.us-east-1.api.aws')
  assert.match(
    (await problemsOf({ AWS_USE_FIPS_ENDPOINT: 'true' })).join(),
    /^AWS_USE_FIPS_ENDPOINT: "true" is true/,
  )
})

exchange('an override takes the place of partition, FIPS and dual-stack', async () => {
  const { settings } = await once({
    AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://[::1]:4566',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_USE_DUALSTACK_ENDPOINT: 'true',
  })
  assert.is(settings.exchange.endpoint.href, 'http://[::1]:4566/')
  assert.is(settings.exchange.region, 'eu-west-1')
})

exchange('another partition needs an override, and has it', async () => {
  const iso = (arn: string): string =>
    arn.replace('arn:aws:', 'arn:aws-iso:').replace('eu-west-1', 'us-iso-east-1')
  const env = { ROLE_ARN: iso(ROLE), ANCHOR_ARN: iso(ANCHOR), PROFILE_ARN: iso(PROFILE) }
  assert.match(
    (await problemsOf(env)).join(),
    /^AWS_ENDPOINT_URL_ROLESANYWHERE: is not set, .+ aws-iso is unknown/,
  )
  const { settings } = await once({ ...env, AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://ra.example' })
  assert.is(settings.exchange.endpoint.host, 'ra.example')
  const wrong = await problemsOf({ ...env, AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://ra.example' })
  assert.equal(wrong, [
    'AWS_ENDPOINT_URL_ROLESANYWHERE: is http beyond loopback; expected https://, or http:// with a loopback host, and at most a port',
  ])
})

exchange('the proxy is there exactly where it applies', async () => {
  const HTTPS_PROXY = 'http://me:pw@proxy.example:3128'
  const proxyOf = async (env: Record<string, string>): Promise<string | undefined> =>
    (await once({ HTTPS_PROXY, ...env })).settings.exchange.proxy?.href
  assert.is(await proxyOf({}), 'http://me:pw@proxy.example:3128/')
  assert.is(await proxyOf({ NO_PROXY: '10.0.0.0/8,.svc' }), 'http://me:pw@proxy.example:3128/')
  assert.is(await proxyOf({ NO_PROXY: '.amazonaws.com' }), undefined)
  assert.is(await proxyOf({ AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://127.0.0.1:1' }), undefined)
  assert.is(await proxyOf({ AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://localhost:1' }), undefined)
  assert.is(
    await proxyOf({ HTTPS_PROXY: '', HTTP_PROXY: 'http://p.example', ALL_PROXY: 'http://p.example' }),
    undefined,
  )
})

exchange('each wrong setting is named', async () => {
  const lines = await problemsOf({
    SESSION_DURATION: '15m',
    SESSION_NAME: 'a b',
    AWS_USE_FIPS_ENDPOINT: '1',
    AWS_USE_DUALSTACK_ENDPOINT: 'on',
    HTTPS_PROXY: 'socks5://x',
  })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    [
      'SESSION_DURATION: "15m" is not a number of whole seconds',
      'SESSION_NAME: "a b" is not a session name',
      'AWS_USE_FIPS_ENDPOINT: "1" is not a boolean',
      'AWS_USE_DUALSTACK_ENDPOINT: "on" is not a boolean',
      'HTTPS_PROXY: does not begin with http:// or https://',
    ],
  )
})

exchange.run()
