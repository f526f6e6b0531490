import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority } from '../rig/emulators/authority.ts'
import { EXAMPLE, type Stage } from '../rig/emulators/stage.ts'
import { run, withStage } from './harness.ts'
import { answerFirst } from './servers.ts'
import { failed } from './outcome.ts'

const refusals = suite("e2e: CreateSession's refusals explained")

const created = (own: Stage): Stage['rolesAnywhereEmulator']['options'] => own.rolesAnywhereEmulator.options

for (const [title, change, env, says, hint] of [
  [
    'an anchor of another CA',
    (own) => {
      const other = createAuthority({ commonName: 'Other Root', nowMs: Date.now() })
      created(own).anchors = [{ arn: EXAMPLE.anchorArn, certificates: [other.pem] }]
    },
    {},
    /Untrusted signing certificate: .*CN=vault-auth\.frontend\.demo.*(?:[0-9A-F]{2}){16,20}.*Example Intermediate CA 1/,
    /trust-anchor\/3f1c5b0e/,
  ],
  [
    'a role that the profile does not list',
    () => undefined,
    { ROLE_ARN: 'arn:aws:iam::111122223333:role/other' },
    /Requested Role isn't one of those.*the profile does not list the role .*role\/other/,
    /profile\/9b7d2c44/,
  ],
  [
    'a session name that the profile does not accept',
    () => undefined,
    { SESSION_NAME: 'mine' },
    /Not authorized to set roleSessionName.*the profile does not accept a session name/,
    /acceptRoleSessionName/,
  ],
  [
    'an anchor that is not there',
    (own) => (created(own).anchors = []),
    {},
    /Specified Trust Anchor wasn't found/,
    /ANCHOR_ARN/,
  ],
  [
    'a disabled profile',
    (own) => (created(own).profiles = created(own).profiles.map((one) => ({ ...one, enabled: false }))),
    {},
    /Invalid or empty profile provided/,
    /PROFILE_ARN/,
  ],
  [
    'a trust policy that does not let it in',
    (own) => (created(own).roles = created(own).roles.map((one) => ({ ...one, trusts: () => false }))),
    {},
    /Unable to assume role for .*trust policy/,
    /sts:SetSourceIdentity/,
  ],
  [
    'a trust policy that asks for another issuer',
    (own) =>
      (created(own).roles = created(own).roles.map((one) => ({
        ...one,
        trusts: ({ issuerName }) => issuerName === 'Pods of cluster demo',
      }))),
    {},
    /Unable to assume role for .*trust policy/,
    /the issuer O=Example, CN=Example Intermediate CA 1 /,
  ],
  [
    "a duration beyond the role's",
    (own) => (created(own).roles = created(own).roles.map((one) => ({ ...one, maxSessionSeconds: 900 }))),
    {},
    /MaxSessionDuration/,
    /SESSION_DURATION/,
  ],
] as readonly [string, (own: Stage) => unknown, Record<string, string>, RegExp, RegExp][]) {
  refusals(`CreateSession: ${title}: one request, exit 5`, async () => {
    await withStage({}, async (own) => {
      change(own)
      const done = await run(own, { env })
      failed(done, 5, says, hint)
      assert.match(done.stderr, /CN=vault-auth\.frontend\.demo/)
      assert.match(done.stderr, /(?:[0-9A-F]{2}){16,20}/)
      assert.is(done.aws.length, 1)
      assert.equal(done.files, [])
      assert.is(own.vaultEmulator.liveTokens(), 0)
    })
  })
}

refusals('CreateSession: an AWS whose clock is an hour off: the clock is named', async () => {
  await withStage({}, async (own) => {
    const date = new Date(Date.now() - 3_600_000).toUTCString()
    answerFirst(own.rolesAnywhere, /./, {
      status: 403,
      headers: { Date: date, 'x-amzn-ErrorType': 'AccessDeniedException' },
      body: '{"message":"Invalid signature"}',
    })
    failed(await run(own), 5, /Invalid signature: this node's clock is 60 min ahead of AWS/, /NTP/)
  })
})

refusals.run()
