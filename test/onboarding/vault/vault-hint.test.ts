import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explain } from '../../../src/net/rules.ts'
import { VAULT_RULES } from '../../../src/onboarding/vault/vault-hint.ts'
import { walkRules, type RecordedRefusal } from '../../support/refusals.ts'

const API = 'https://developer.hashicorp.com/vault/api-docs#http-status-codes'
const HEALTH = 'https://developer.hashicorp.com/vault/api-docs/system/health#parameters'

const REFUSALS: readonly RecordedRefusal[] = [
  {
    rule: 'not-in-a-pod',
    source: 'Vault 1.19 outside a pod, write of auth/kubernetes/config with the host alone',
    status: 400,
    text: 'open /var/run/secrets/kubernetes.io/serviceaccount/ca.crt: no such file or directory',
    hint: /kubernetes\.caFile/,
  },
  { rule: 'sealed', source: 'Vault 1.19, sealed', status: 503, text: 'Vault is sealed', hint: /unseal/ },
  { rule: 'standby', source: API, status: 307, text: '', hint: /active node/ },
  {
    rule: 'no-policy',
    source: 'Vault 1.19, a token without a policy for the path',
    status: 403,
    text: 'permission denied',
    hint: /policy for vault-setup/,
  },
  {
    rule: 'quota',
    source: 'Vault 1.19 with a quota, vault/quotas/quotas.go',
    status: 429,
    text: 'request path "sys/mounts": rate limit quota exceeded',
    hint: /quota/,
  },
  { rule: 'recovery-standby', source: HEALTH, status: 472, text: '', hint: /primary cluster/ },
  { rule: 'performance-standby', source: HEALTH, status: 473, text: '', hint: /performance standby/ },
  { rule: 'not-ready', source: API, status: 503, text: '', hint: /vault status/ },
  { rule: 'failing', source: API, status: 500, text: 'internal error', hint: /log of Vault/ },
  { rule: 'failing', source: API, status: 502, text: '', hint: /proxy in front/ },
  {
    rule: 'unknown',
    source: 'Vault 1.19, sys/mounts/pki written twice',
    status: 400,
    text: 'path is already in use at pki/',
    hint: /compare the path/,
  },
]

const refusals = suite('refusals of Vault that vault-setup meets')

walkRules(refusals, VAULT_RULES, REFUSALS, ({ status, text }) => ({ status, text }))

for (const { rule, status, text, hint } of REFUSALS) {
  refusals(`say what to do next: ${rule}, ${status}`, () => {
    assert.match(explain(VAULT_RULES, { status, text }).hint, hint)
  })
}

refusals.run()
