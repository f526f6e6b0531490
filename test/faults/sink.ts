/**
 * What may go wrong at the credentials file, and what each fault must come to. The tests that are named here take their
 * expectation from it, and docs/faults.md is made of it.
 */

/** What the credentials file is afterwards. */
export const AFTERWARDS = {
  old: 'the old one',
  new: 'the new one',
  none: 'none, as before',
  foreign: 'what was put there, untouched',
  renamed: 'the old one up to the rename, the new one after it',
} as const

export interface SinkFault {
  /** `killed`: by kill -9, which a pod shows as 137. */
  readonly exit: 0 | 6 | 'killed'
  readonly file: keyof typeof AFTERWARDS
  /** Words of the sentence; of the warning where the run is done all the same. Empty where there is neither. */
  readonly says: string
  readonly hint?: RegExp
}

const DONE: SinkFault = { exit: 0, file: 'new', says: '' }

function refused(file: SinkFault['file'], says: string, hint?: RegExp): SinkFault {
  return { exit: 6, file, says, ...(hint === undefined ? {} : { hint }) }
}

/** For the tests: what a key of a group is. */
type Faults<Name extends string> = Readonly<Record<Name, SinkFault>>

function faults<Name extends string>(group: Faults<Name>): Faults<Name> {
  return group
}

export const PLACE_FAULTS = faults({
  'several directories above it are missing': DONE,
  'its directory is removed while the run waits': DONE,
  'its directory is a link to a directory': DONE,
  'its directory is a link to nothing': refused('none', 'cannot create the directory'),
  'a link is put in its place while the run waits': refused(
    'foreign',
    'a symbolic link is in its place',
    /mount a directory/,
  ),
  "an old link to a file at the draft's place": DONE,
  "an old link to nothing at the draft's place": DONE,
  'a directory in place of the temporary file': refused(
    'old',
    'a directory is in the way of the temporary file',
    /remove \/.*\.aws-iam-ra/,
  ),
  'a draft that another writer holds until DEADLINE': refused(
    'old',
    'ran out while another writer held',
    /remove it/,
  ),
  'six writers at the same moment, over an old file': DONE,
  'six writers at the same moment, without even the directory': DONE,
  'a limit on the size of files': refused('old', 'it exceeds the limit on the size of a file', /ulimit -f/),
  'a line in it that the AWS CLI and boto3 refuse': {
    ...DONE,
    says: 'the AWS CLI and boto3 cannot read',
  },
})

export const SYSTEM_ERRORS = {
  EIO: 'the device reports an input/output error',
  ENOSPC: 'no space is left on its volume',
  EDQUOT: 'the quota of its volume is exhausted',
  EROFS: 'its file system is read-only',
  EACCES: 'permission denied for uid',
  EFBIG: 'it exceeds the limit on the size of a file',
  EMFILE: 'too many files are open',
} as const
export type SystemErrorName = keyof typeof SYSTEM_ERRORS

/** What each call may answer: its manual page. */
export const ANSWERS: Readonly<Record<string, readonly SystemErrorName[]>> = {
  mkdir: ['ENOSPC', 'EROFS', 'EACCES', 'EDQUOT'],
  openat: ['ENOSPC', 'EROFS', 'EACCES', 'EMFILE'],
  fchmod: ['EIO', 'EROFS'],
  write: ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'],
  fsync: ['EIO', 'ENOSPC', 'EDQUOT'],
  rename: ['ENOSPC', 'EROFS', 'EIO', 'EACCES'],
  unlink: ['EROFS', 'EACCES', 'EIO'],
  pread64: ['EIO'],
  read: ['EIO'],
  statx: ['EACCES', 'EIO'],
}

export const VOLUME_FAULTS = faults({
  'full to the last page': refused('old', SYSTEM_ERRORS.ENOSPC),
  'full after a part of the draft': refused('old', SYSTEM_ERRORS.ENOSPC),
  'out of inodes': refused('old', SYSTEM_ERRORS.ENOSPC),
  'bound read-only': refused('old', SYSTEM_ERRORS.EROFS),
  'remounted read-only': refused('old', SYSTEM_ERRORS.EROFS),
  'read-only and empty': refused('none', SYSTEM_ERRORS.EROFS),
  'the file itself, by subPath': refused('old', 'it is a mount of its own and cannot be replaced'),
})

export const PLANTED_FAULTS = faults({
  "a link at the file's place before it is looked at": refused('foreign', 'a symbolic link is in its place'),
  "a link at the file's place after the old file was read": DONE,
  "a link at the draft's place before the rename": refused('old', 'during the write'),
  'the whole directory exchanged for a link': refused('foreign', 'during the write'),
})

export const UID_FAULTS = faults({
  'a directory that it may not enter': refused('old', SYSTEM_ERRORS.EACCES, /fsGroup/),
  'a directory that it may not write': refused('old', SYSTEM_ERRORS.EACCES, /fsGroup/),
  'a file that it may not read': refused('old', SYSTEM_ERRORS.EACCES, /fsGroup/),
  'a file that it may not replace, in a sticky directory': refused('old', 'not permitted for uid', /fsGroup/),
  "a leftover of the owner's in a sticky directory": refused('old', 'cannot remove the leftover', /fsGroup/),
  "a directory of the pod's fsGroup": DONE,
})

/** Those that a run makes after the rename as well. */
const ALSO_AFTER_RENAME = ['openat', 'fsync', 'pread64', 'statx']

/** States in which a run may find the place of its files. */
export interface Scene {
  readonly what: string
  readonly env: Readonly<Record<string, string>>
  /** The credentials file before the run; absent where there is none. */
  readonly old?: string
  /** Whether a killed run left its draft there. */
  readonly leftover?: boolean
  /** Files that a whole run leaves. */
  readonly leaves: readonly string[]
}

export const OTHERS = '# mine\n[other]\naws_access_key_id = AKIAOTHER\n\n'
export const OLD = `${OTHERS}[default]\nregion = eu-west-1\naws_access_key_id = AKIAOLD\n`

const CREDENTIALS = '.aws/credentials'
const CONFIG = '.aws/config'

export const SCENES: readonly Scene[] = [
  { what: 'over an old file', env: {}, old: OLD, leaves: [CREDENTIALS] },
  { what: 'without even the directory', env: {}, leaves: [CREDENTIALS] },
  {
    what: 'with the config file besides',
    env: { WRITE_REGION: 'true' },
    old: OLD,
    leaves: [CONFIG, CREDENTIALS],
  },
  { what: 'over what a killed run left', env: {}, old: OLD, leftover: true, leaves: [CREDENTIALS] },
]

export interface SinkRow extends SinkFault {
  readonly fault: string
  /** What its test calls it; absent for what a test goes through as a whole, ANSWERS and SCENES. */
  readonly name?: string
  /** Test files, without `test/` and `.test.ts`. */
  readonly tested: readonly string[]
  readonly cells: number
}

function rows(before: string, group: Readonly<Record<string, SinkFault>>, tested: string): SinkRow[] {
  return Object.entries(group).map(([name, fault]) => ({
    ...fault,
    name,
    fault: before + name,
    tested: [tested],
    cells: 1,
  }))
}

function errorRow([error, says]: [string, string]): SinkRow {
  const calls = Object.keys(ANSWERS).filter((call) => ANSWERS[call]?.some((each) => each === error))
  return {
    ...refused(calls.some((call) => ALSO_AFTER_RENAME.includes(call)) ? 'renamed' : 'old', says),
    fault: `${error} of ${calls.join(', ')}`,
    tested: ['faults/sink-refused', 'real/sink-errors'],
    cells: calls.length,
  }
}

function killedRow({ what }: Scene): SinkRow {
  const fault = `kill -9 at any system call on its files, ${what}`
  return { exit: 'killed', file: 'renamed', says: '', fault, tested: ['real/sink-killed'], cells: 1 }
}

export const SINK_ROWS: readonly SinkRow[] = [
  ...rows('', PLACE_FAULTS, 'e2e/sink-faults'),
  ...Object.entries(SYSTEM_ERRORS).map(errorRow),
  ...rows('a volume that is ', VOLUME_FAULTS, 'real/sink-errors'),
  ...rows('', PLANTED_FAULTS, 'real/sink-planted'),
  ...rows('another uid: ', UID_FAULTS, 'real/sink-uids'),
  ...SCENES.map(killedRow),
]

/** Rows that `npm test` tests; the others need what `npm run test:real` needs. */
export const SINK_ROWS_HERE = SINK_ROWS.filter(({ tested }) =>
  tested.some((file) => !file.startsWith('real/')),
)
