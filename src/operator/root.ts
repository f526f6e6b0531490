/** The root of a new installation, from the flags of `iam-ra init`. */
import { IamRaError } from '../errors.ts'
import type { Root } from '../onboarding/authority/authority.ts'
import { fileRoot } from '../onboarding/authority/file-root.ts'
import { openVaultAuthority } from '../onboarding/authority/vault.ts'
import type { OperatorContext } from './context.ts'
import { warn } from './report.ts'

export interface RootFlags {
  readonly 'ca-mode'?: string
  /** A file. */
  readonly root?: string
  readonly 'root-mount'?: string
  readonly 'common-name'?: string
  readonly 'ca-years'?: number
}

const MODE = 'vault'

/** Known names, with what there is to say of each. */
const OTHER_MODES: Readonly<Record<string, string>> = {
  'self-signed': 'is not in this version of iam-ra',
  pca: 'is not in this version of iam-ra',
  'pca-existing': 'is not in this version of iam-ra',
  'pca-new': 'is left out: iam-ra does not create an authority that costs money by the month',
}

/** @returns the mode @throws IamRaError if the flags do not go together */
export function checkRootFlags(flags: RootFlags): typeof MODE {
  const { 'ca-mode': mode = MODE, root, 'common-name': commonName, 'ca-years': years } = flags
  if (mode !== MODE) {
    const known = OTHER_MODES[mode]
    const message =
      known === undefined ? `--ca-mode must be ${MODE}, not ${mode}` : `--ca-mode ${mode} ${known}`
    throw wrong(message, `use --ca-mode ${MODE}, the default; --root FILE takes a root from anywhere`)
  }
  const others = (['root-mount', 'common-name', 'ca-years'] as const).filter(
    (name) => flags[name] !== undefined,
  )
  if (root !== undefined && others.length > 0) {
    throw wrong(
      `--root must not be set together with ${others.map((name) => `--${name}`).join(', ')}`,
      'omit --root to read the root from Vault or create it there, or keep --root alone',
    )
  }
  if (commonName !== undefined && !/^[^\p{Cc}]{1,64}$/u.test(commonName)) {
    throw wrong('--common-name is not a common name', 'use 1 to 64 characters (RFC 5280)')
  }
  if (years !== undefined && (years < 1 || years > MOST_YEARS)) {
    throw wrong(`--ca-years ${years} is out of range`, `use 1 to ${MOST_YEARS}`)
  }
  return MODE
}

const MOST_YEARS = 50

/** Whether the operator says which root. */
export function isRootNamed(flags: RootFlags): boolean {
  return flags.root !== undefined || flags['root-mount'] !== undefined
}

/** @param work is passed what reads the root as it is now */
export async function withRoot<T>(
  { runtime, interrupt }: OperatorContext,
  flags: RootFlags,
  installation: string,
  work: (root: () => Promise<Root>) => Promise<T>,
): Promise<T> {
  const { root: file } = flags
  if (file !== undefined) return await work(() => fileRoot(runtime, file))
  const vault = openVaultAuthority(
    {
      ...runtime,
      readFile: (path) => runtime.fs.readFile(path),
      warn: (sentence) => warn(runtime, sentence),
      signal: interrupt,
    },
    {
      ...{ installation, rootMount: flags['root-mount'] },
      ...{ commonName: flags['common-name'], years: flags['ca-years'] },
    },
  )
  try {
    return await work(() => vault.root())
  } finally {
    vault.close()
  }
}

function wrong(message: string, hint: string): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, { hint })
}
