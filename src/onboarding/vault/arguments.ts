/** The command's flags. */
import { parseArgs } from 'node:util'
import { passwordKind, secretKind } from '../../text/secrets.ts'
import { mistake } from './error.ts'

/** As given on the command line, each at most once. */
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

/** Undefined if help is asked for. */
export function parseArguments(argv: readonly string[]): Arguments | undefined {
  // First of all: people sometimes pass the token itself to a flag for its file, and an error would show it.
  for (const [at, argument] of argv.entries()) {
    const kind = secretKind(argument) ?? passwordKind(argument)
    if (kind !== undefined)
      throw mistake(`argument ${at + 1} contains what looks like ${kind}, and nothing was done`, {
        hint: SECRET_HINT,
      })
  }
  const { values, tokens } = parse(argv)
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw mistake(`--${twice} is given twice; give it once`, { hint: FLAGS_HINT })
  const args = checkArguments(values, FLAGS_HINT)
  return values.help ? undefined : args
}

/** @param hint says how to list the flags @throws IamRaError if some exclude each other */
export function checkArguments(given: GivenArguments, hint: string): Arguments {
  const ways = (['csr-out', 'signed-cert', 'root-mount'] as const).filter((name) => given[name] !== undefined)
  if (ways.length > 1) {
    throw mistake(`--${ways[0]} and --${ways[1]} exclude each other; give one of them`, { hint })
  }
  const { apply = false, rotate = false } = given
  if (rotate && ways[0] !== 'csr-out' && ways[0] !== 'root-mount') {
    throw mistake('--rotate needs --csr-out or --root-mount', { hint })
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

const SECRET_HINT = 'write it to a file and give the file: other users of this machine can see the arguments'
const FLAGS_HINT = 'npm run vault-setup -- --help lists the flags'
