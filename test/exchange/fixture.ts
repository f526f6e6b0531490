import type { HttpRequest } from '../../src/net/http.ts'
import type { Arn } from '../../src/aws/arn.ts'
import type { ExchangeSettings } from '../../src/exchange/settings.ts'
import type { IssuedCertificate } from '../../src/credentials.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'

export function arn(text: string): Arn {
  const [, partition = '', service = '', region = '', account = '', ...resource] = text.split(':')
  return { text, partition, service, region, account, resource: resource.join(':') }
}

export const SETTINGS: ExchangeSettings = {
  roleArn: arn('arn:aws:iam::111122223333:role/team/app'),
  anchorArn: arn('arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/1111'),
  profileArn: arn('arn:aws:rolesanywhere:eu-west-1:111122223333:profile/6666'),
  region: 'eu-west-1',
  endpoint: new URL('https://rolesanywhere.eu-west-1.amazonaws.com'),
}

/** One that nobody signed: for tests in which nobody looks into it. */
export const CERTIFICATE: IssuedCertificate = {
  leaf: Uint8Array.of(0x30, 0x01, 0xff),
  chain: [],
  keyAlgorithm: 'ecdsa',
  serialHex: 'F00DCAFE01',
  subject: 'CN=app.team.cluster',
  issuer: 'O=Example, CN=Intermediate 2',
  chainSubjects: [],
  validFromMs: FAKE_NOW_MS - 30_000,
  notAfterMs: FAKE_NOW_MS + 3600_000,
  requestId: 'c0ffee00-0000-4000-8000-000000000001',
  sign: async () => Uint8Array.of(1, 2, 3),
}

/** AWS's answer of success, with members replaced; undefined takes one away. */
export function answer(
  changes: {
    readonly credentials?: Readonly<Record<string, unknown>>
    readonly assumedRoleUser?: Readonly<Record<string, unknown>>
  } = {},
): { readonly credentialSet: readonly object[]; readonly subjectArn: string } {
  return {
    credentialSet: [
      {
        assumedRoleUser: {
          arn: 'arn:aws:sts::111122223333:assumed-role/app/f00dcafe01',
          assumedRoleId: 'AROAEXAMPLEEXAMPLEEXA:f00dcafe01',
          ...changes.assumedRoleUser,
        },
        credentials: {
          accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
          secretAccessKey: 'canary/secret/access/key/0123456789ABCDE',
          sessionToken: 'canarySessionToken0123456789abcdefABCDEF==',
          expiration: '2026-11-21T13:00:00Z',
          ...changes.credentials,
        },
        packedPolicySize: 40,
        roleArn: SETTINGS.roleArn.text,
        sourceIdentity: 'CN=app.team.cluster',
      },
    ],
    subjectArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:subject/77',
  }
}

export function bodyOf(request: HttpRequest | undefined): unknown {
  return JSON.parse(request?.body ?? 'null')
}
