/** Values with the shape of a secret, made up here, as a wrong Secret or a wrong file would put them into a setting. */

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** Without any order that words have. */
function scrambled(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from({ length }, (_, at) => alphabet[(at * 37 + 11 + ((at * at) % 13)) % 62]).join('')
}

const JWT = [
  base64url('{"alg":"RS256","kid":"made-up"}'),
  base64url('{"aud":["vault"],"sub":"system:serviceaccount:demo:app"}'),
  scrambled(86),
].join('.')
const KEY_BODY = Buffer.from(scrambled(90)).toString('base64')
const KEY = ['-----BEGIN ', 'PRIVATE KEY-----'].join('')
const KEY_END = ['-----END ', 'PRIVATE KEY-----'].join('')

/** Each with the problem that it is refused with. Such a value stands in no setting at all. */
export const SECRETS: Readonly<Record<string, readonly [value: string, problem: RegExp]>> = {
  'a JSON Web Token': [JWT, /what looks like a JSON Web Token/],
  'a JSON Web Token after a word': [`Bearer ${JWT}`, /what looks like a JSON Web Token/],
  'a token of Vault': [`hvs.${scrambled(24)}`, /what looks like a Vault token/],
  'a long token of Vault': [`hvs.CAESI${scrambled(90)}`, /what looks like a Vault token/],
  'a batch token of Vault': [`hvb.AAAAA${scrambled(120)}`, /what looks like a Vault token/],
  'an old token of Vault': [`s.${scrambled(24)}`, /what looks like a Vault token/],
  'an old token of a namespace of Vault': [`s.${scrambled(24)}.x1Yz2`, /what looks like a Vault token/],
  'a token of Vault in base64': [
    Buffer.from(`hvs.${scrambled(24)}`).toString('base64'),
    /what looks like a token in base64/,
  ],
  'a secret key of AWS': [scrambled(40), /what looks like an AWS secret key or session token/],
  'a session token of AWS': [`${scrambled(300)}==`, /what looks like an AWS secret key or session token/],
  'a private key': [`${KEY}\n${KEY_BODY}\n${KEY_END}\n`, /what looks like a private key/],
  'a private key on one line': [`${KEY}\\n${KEY_BODY}\\n${KEY_END}`, /what looks like a private key/],
}

/** Addresses with a password. They belong to a proxy alone. */
export const PASSWORD = 'pa55-of-mine'
export const WITH_PASSWORD: readonly string[] = [
  `https://me:${PASSWORD}@host.example`,
  `http://me:${PASSWORD}@10.0.0.1:3128`,
  `//me:${PASSWORD}@host.example`,
  `me:${PASSWORD}@0.0.0.0:9912`,
]
/** The options in whose place such an address is right. */
export const MAY_HOLD_PASSWORD: readonly string[] = ['VAULT_PROXY_ADDR', 'HTTPS_PROXY']

/** Nothing of it that is long enough to help anybody. */
export function showsPartOf(secret: string, text: string): boolean {
  const PART = 10
  for (let at = 0; at + PART <= secret.length; at += 1) {
    const part = secret.slice(at, at + PART)
    if (!/BEGIN|END|PRIVATE|KEY|---/.test(part) && text.includes(part)) return true
  }
  return false
}
