/** The command's flags. */
import { parseArgs } from 'node:util'
import type { IamRaError } from '../../errors.ts'
import { passwordKind, secretKind } from '../../text/secrets.ts'
import { mistake } from './error.ts'

export interface Arguments {
  readonly help: boolean
  readonly apply: boolean
  /** Absent: k8s/vault/setup.json. */
  readonly setup?: string
  readonly reviewerToken?: string
  readonly replaceReviewerToken?: string
  readonly csrOut?: string
  readonly signedCert?: string
  readonly rootMount?: string
  readonly rotate: boolean
}

export const HELP = `vault-setup: shows, then writes, what pods need in Vault to get their certificates

Usage: npm run vault-setup -- [--apply] [--setup FILE] [flags]

Without --apply nothing is written: it shows what is missing and what differs. With --apply it writes that, and
a further run finds nothing to do. It deletes nothing that was there before, except for extra keys in the three ARN
entries, which it overwrites.

  --apply                        write what the plan shows
  --setup FILE                   the desired setup (default: k8s/vault/setup.json)
  --reviewer-token FILE          the token of Vault's reviewer, for a setup whose reviewer is "token"
  --replace-reviewer-token FILE  the same, replacing the one that Vault has
  --csr-out FILE                 generate a key in Vault and write its certificate request
  --signed-cert FILE             import the certificate that the CA above signed, followed by those above it
  --root-mount MOUNT             have the CA in another mount of this Vault sign the request
  --rotate                       with --csr-out or --root-mount: a new key and certificate even if there already are some

Environment: VAULT_ADDR; VAULT_TOKEN, or what vault login left in ~/.vault-token; VAULT_CACERT, a PEM file
with the certificates to trust instead of the built-in roots; VAULT_TLS_SERVER_NAME, the name that Vault's
certificate must have; VAULT_NAMESPACE.

Exit codes: 0 done, or shown; 1 Vault or a file caused a failure; 2 the command or the setup is wrong.
`

export function parseArguments(argv: readonly string[]): Arguments {
  // First of all: people sometimes pass the token itself to a flag for its file, and an error would show it.
  for (const [at, argument] of argv.entries()) {
    const kind = secretKind(argument) ?? passwordKind(argument)
    if (kind !== undefined)
      throw wrong(`argument ${at + 1} contains what looks like ${kind}, and nothing was done`, SECRET_HINT)
  }
  const { values, tokens } = parse(argv)
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw wrong(`--${twice} is given twice; give it once`)
  const ways = (['csr-out', 'signed-cert', 'root-mount'] as const).filter(
    (name) => values[name] !== undefined,
  )
  if (ways.length > 1) throw wrong(`--${ways[0]} and --${ways[1]} exclude each other; give one of them`)
  if (values.rotate && ways[0] !== 'csr-out' && ways[0] !== 'root-mount') {
    throw wrong('--rotate needs --csr-out or --root-mount')
  }
  const given = <Name extends string>(
    name: Name,
    value: string | undefined,
  ): Partial<Record<Name, string>> => (value === undefined ? {} : ({ [name]: value } as Record<Name, string>))
  return {
    help: values.help,
    apply: values.apply,
    rotate: values.rotate,
    ...given('setup', values.setup),
    ...given('reviewerToken', values['reviewer-token']),
    ...given('replaceReviewerToken', values['replace-reviewer-token']),
    ...given('csrOut', values['csr-out']),
    ...given('signedCert', values['signed-cert']),
    ...given('rootMount', values['root-mount']?.replace(/\/$/, '')),
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      tokens: true,
      allowPositionals: false,
      options: {
        help: { type: 'boolean', default: false },
        apply: { type: 'boolean', default: false },
        rotate: { type: 'boolean', default: false },
        setup: { type: 'string' },
        'reviewer-token': { type: 'string' },
        'replace-reviewer-token': { type: 'string' },
        'csr-out': { type: 'string' },
        'signed-cert': { type: 'string' },
        'root-mount': { type: 'string' },
      },
    })
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('. ')[0] ?? '') : ''
    throw wrong(`${said.charAt(0).toLowerCase()}${said.slice(1).replace(/\.$/, '')}`)
  }
}

const SECRET_HINT = 'write it to a file and give the file: other users of this machine can see the arguments'

function wrong(message: string, hint = 'npm run vault-setup -- --help lists the flags'): IamRaError {
  return mistake(message, { hint })
}
