import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { authFindings } from '../../../src/onboarding/doctor/vault/auth.ts'
import type { State } from '../../../src/onboarding/vault/state.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'

const [ONE, OTHER] = ['one', 'other'].map(
  (commonName) => createAuthority({ commonName, nowMs: Date.now() }).pem,
)
const PLACE = { address: 'https://vault.example:8200', authMount: 'k', pkiMount: 'pki', pkiRole: 'pods' }

function found(
  config: object,
  context: { readonly server: string; readonly ca: string | undefined } | undefined,
): string {
  const state = {
    mounts: new Map([['auth/k/', { type: 'kubernetes' }]]),
    found: new Map([
      ['auth/k/config', { token_reviewer_jwt_set: true, disable_local_ca_jwt: true, ...config }],
    ]),
  } as unknown as State
  const place = context && { name: 'admin', ...context }
  return authFindings(PLACE, state, place, 'iam-ra k8s setup prod')
    .map((one) => `${one.state}: ${one.sentence}`)
    .join('\n')
}

const auth = suite('an auth mount')

auth('may know an API server by another address, if it has the same CA', () => {
  const config = { kubernetes_host: 'https://10.0.0.1', kubernetes_ca_cert: ONE }
  assert.match(
    found(config, { server: 'https://api.example:6443', ca: ONE }),
    /^ok: auth\/k asks https:\/\/10.0.0.1;/,
  )
  assert.match(found(config, { server: 'https://api.example:6443', ca: OTHER }), /^failed: .*another cluster/)
  assert.match(found(config, { server: 'https://10.0.0.1:443', ca: OTHER }), /^failed: .*expects another CA/)
})

auth('is compared by its address alone if there is no CA, and that is no fault', () => {
  const config = { kubernetes_host: 'https://10.0.0.1', kubernetes_ca_cert: '' }
  assert.match(found(config, { server: 'https://api.example', ca: ONE }), /^warning: .*may be two clusters/)
  assert.match(found(config, { server: 'https://10.0.0.1/', ca: undefined }), /^ok: /)
})

auth('is not compared without a context, nor if Vault asks from inside the cluster', () => {
  const inside = { kubernetes_host: 'https://kubernetes.default.svc', disable_local_ca_jwt: false }
  const config = { ...inside, token_reviewer_jwt_set: false }
  assert.match(
    found(config, { server: 'https://api.example', ca: ONE }),
    /^ok: .*Vault's own account may ask/,
  )
  assert.match(found({ kubernetes_host: 'https://10.0.0.1', kubernetes_ca_cert: ONE }, undefined), /^ok: /)
})

auth.run()
