/** The command's flags. */
import { parseArgs } from 'node:util'
import { passwordKind, secretKind } from '../../text/secrets.ts'
import { mistake } from './error.ts'

/** As given on the command line, each once at most. */
export interface GivenArguments {
  readonly apply?: boolean
  readonly setup?: string
  readonly 'reviewer-token'?: string
  readonly 'replace-reviewer-token'?: string
  readonly 'csr-out'?: string
  readonly 'signed-cert'?: string
  readonly 'root-mount'?: string
  readonly rotate?: boolean
}

export interface Arguments {
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

export const HELP = `vault-setup: what pods need in Vault to get their certificates, shown first and then written

Usage: npm run vault-setup -- [--apply] [--setup FILE] [flags]

Without --apply nothing is written: what is missing and what differs is shown. With it, that is written, and
a further run finds nothing to do. Nothing that was there before is deleted, but for other keys of the three ARN
entries, which are written whole.

  --apply                        write what the plan shows
  --setup FILE                   what is wanted (default: k8s/vault/setup.json)
  --reviewer-token FILE          the token of Vault's reviewer, for a set-up whose reviewer is "token"
  --replace-reviewer-token FILE  the same, in the place of the one that Vault has
  --csr-out FILE                 make a key in Vault and write its certificate request
  --signed-cert FILE             take in what the authority above made of it, then those above
  --root-mount MOUNT             have the authority in another mount of this Vault sign the request
  --rotate                       with --csr-out or --root-mount: a new key and certificate though there are some

Environment: VAULT_ADDR; VAULT_TOKEN, or what vault login left in ~/.vault-token; VAULT_CACERT, a PEM file
with the certificates to trust in the place of the built-in roots; VAULT_TLS_SERVER_NAME, the name that Vault's
certificate must have; VAULT_NAMESPACE.

Exit codes: 0 done, or shown; 1 Vault or a file stood in the way; 2 the command or the set-up is wrong.
`

/** Undefined if help is asked for. */
export function parseArguments(argv: readonly string[]): Arguments | undefined {
  // Before anything else: a flag that takes a token's file is given the token itself at times, and a message would show it.
  for (const [at, argument] of argv.entries()) {
    const kind = secretKind(argument) ?? passwordKind(argument)
    if (kind !== undefined)
      throw mistake(`argument ${at + 1} holds what looks like ${kind}, and nothing was done`, {
        hint: SECRET_HINT,
      })
  }
  const { values, tokens } = parse(argv)
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw mistake(`--${twice} is given twice, and only one of the two could count`, { hint: FLAGS_HINT })
  }
  const args = checkArguments(values, FLAGS_HINT)
  return values.help ? undefined : args
}

/** @param hint where the flags are listed @throws IamRaError if some do not go together */
export function checkArguments(given: GivenArguments, hint: string): Arguments {
  const ways = (['csr-out', 'signed-cert', 'root-mount'] as const).filter((name) => given[name] !== undefined)
  if (ways.length > 1)
    throw mistake(`--${ways[0]} and --${ways[1]} are two ways, of which one at a time can be gone`, { hint })
  const { apply = false, rotate = false } = given
  if (rotate && ways[0] !== 'csr-out' && ways[0] !== 'root-mount') {
    throw mistake('--rotate says nothing without --csr-out or --root-mount', { hint })
  }
  const member = <Name extends string>(
    name: Name,
    value: string | undefined,
  ): Partial<Record<Name, string>> => (value === undefined ? {} : ({ [name]: value } as Record<Name, string>))
  return {
    apply,
    rotate,
    ...member('setup', given.setup),
    ...member('reviewerToken', given['reviewer-token']),
    ...member('replaceReviewerToken', given['replace-reviewer-token']),
    ...member('csrOut', given['csr-out']),
    ...member('signedCert', given['signed-cert']),
    ...member('rootMount', given['root-mount']?.replace(/\/$/, '')),
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
    throw mistake(`${said.charAt(0).toLowerCase()}${said.slice(1).replace(/\.$/, '')}`, { hint: FLAGS_HINT })
  }
}

const SECRET_HINT = 'write it into a file and name the file: other users of this machine see the arguments'
const FLAGS_HINT = 'npm run vault-setup -- --help lists the flags'
