/** The source for Vault's PKI: log in, have a certificate signed, revoke the token, exchange at Roles Anywhere. */
import { DEFAULT_KEY_TYPE, type CertificateSettings } from '../certificate/settings.ts'
import type { CertificateContext, CertificateSession } from '../certificate/vault-pki.ts'
import { createSession } from '../exchange/create-session.ts'
import type { ExchangeSettings } from '../exchange/settings.ts'
import { login } from '../identity/login.ts'
import type { LoginSettings } from '../identity/settings.ts'
import type { IssuedCertificate } from '../credentials.ts'
import type { StepDescription } from '../run/watch.ts'
import { exchange, exchangeProbe } from './roles-anywhere.ts'
import type { Source } from './source.ts'
import { usable } from './usable-certificate.ts'
import { logIn, LOGIN_PROBE } from './vault-token.ts'

export interface VaultPkiSource {
  readonly vault: LoginSettings
  readonly certificate: CertificateSettings
  readonly exchange: ExchangeSettings
}

type Issue = (session: CertificateSession, context: CertificateContext) => Promise<IssuedCertificate>

/** The functions behind the steps. */
export interface VaultPkiParts {
  readonly login: typeof login
  /** Does what needs no token. @returns the function that has it signed */
  prepare(settings: CertificateSettings, loggedIn: Promise<unknown>): Promise<Issue>
  readonly createSession: typeof createSession
}

const CERTIFICATE: StepDescription = {
  name: 'certificate',
  title: "certificate from Vault's PKI",
  stage: 'certificate',
  how: 'sends',
}

export const VAULT_PKI_PARTS: VaultPkiParts = {
  login,
  createSession,
  async prepare(settings, loggedIn) {
    const [{ createSigningRequest }, { issueCertificate }] = await Promise.all([
      import('../certificate/signing-request.ts'),
      import('../certificate/vault-pki.ts'),
    ])
    // Generating an RSA key blocks the thread: Vault's answer would wait unread, and the attempt could time out.
    if (settings.keyType?.startsWith('rsa-') === true) await loggedIn
    const request = await createSigningRequest(settings)
    return (session, context) => issueCertificate(request, settings, session, context)
  },
}

/** @param parts replaced by the simulation of many pods, and by the node agent, which logs in with a caller's token */
export function vaultPki(settings: VaultPkiSource, parts: VaultPkiParts = VAULT_PKI_PARTS): Source {
  const { pkiMount, pkiRole, keyType, commonName, dnsSans, uriSans, ttl } = settings.certificate
  const sent = {
    path: `${pkiMount}/sign/${pkiRole}`,
    key_type: keyType ?? DEFAULT_KEY_TYPE,
    common_name: commonName,
    dns_sans: some(dnsSans),
    uri_sans: some(uriSans),
    ttl,
  }
  return {
    again: 'logging in again',
    probes: [LOGIN_PROBE, { step: CERTIFICATE, lacks: 'Vault token' }, exchangeProbe(settings.exchange)],
    async obtain(watch) {
      // Loading the X.509 library and making the key and the request take about as long as the login: done in parallel.
      const { promise: asked, resolve } = Promise.withResolvers<undefined>()
      const onAsked = (): void => resolve(undefined)
      const { promise: loggedIn, resolve: onLoggedIn } = Promise.withResolvers<undefined>()
      const prepared = asked.then(() => parts.prepare(settings.certificate, loggedIn))
      // A failure surfaces at its await, which is never reached if the login fails.
      prepared.catch(() => undefined)
      const token = await logIn(settings.vault, watch, { by: parts.login, onAsked })
      onAsked()
      onLoggedIn(undefined)
      try {
        const certificate = await watch.step({ ...CERTIFICATE, sent }, async (step) => {
          const issue = await prepared
          const issued = await issue(token.session, step)
          // That was its last use.
          void token.end()
          return await usable(issued, step)
        })
        const credentials = await exchange(settings.exchange, certificate, watch, parts.createSession)
        return { certificate, credentials, revoked: token.end() }
      } catch (error) {
        await token.end()
        throw error
      }
    },
  }
}

/** A list that is not empty. */
function some(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list
}
