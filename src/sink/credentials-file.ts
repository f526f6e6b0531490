/** Writes session credentials to the shared credentials file, and the region to the config file next to it. */
import { IamRaError } from '../errors.ts'
import { timestamp } from '../text/time.ts'
import { isProfileName, PROFILE_NAME_RULE } from './profile-name.ts'
import type { SinkSettings } from './settings.ts'
import type { SessionCredentials } from '../credentials.ts'
import { replaceFile, type SinkContext } from './atomic-write.ts'
import { attempt, refused } from './file-error.ts'
import { unlessMissing } from './directory.ts'
import { linesOf, parseEntries } from './ini-text.ts'
import {
  configHeader,
  countLines,
  credentialsHeader,
  PLAIN_NAME,
  sectionsOf,
  type ProfileHeader,
} from './profile-header.ts'
import { editProfile, type ProfileEdit } from './profile.ts'
import { KEYS_OF_OTHERS, lookAtKeys } from './profile-keys.ts'
import { misreading, warnOfObstacles } from './readers.ts'
import type { FileKind } from './strict-reading.ts'

export type { SinkContext } from './atomic-write.ts'

/**
 * Characters that every reader returns as is: visible ASCII without comment signs, quotes and backslashes. Go cuts a
 * value at `#` and `;` and removes quotes and escapes.
 */
const PLAIN_VALUE = /^[!-~]+$/
const ALTERED = /["'#;\\]/

/** Each line of the profile takes memory while it is edited; a normal profile has about twenty. */
const MAX_PROFILE_LINES = 10_000

/** One profile to be written to one file. */
export interface ProfileFile {
  readonly path: string
  readonly profile: string
  /** Which of the two files it is; the config file may serve other purposes, so it keeps its mode. */
  readonly kind: FileKind
  readonly header: (text: string) => ProfileHeader
  readonly edit: Omit<ProfileEdit, 'header'>
}

/**
 * Writes one profile and leaves every other byte of the file as it is.
 * @throws IamRaError stage sink, code FILE, or the signal's reason; no file is then half written
 */
export async function writeCredentials(
  credentials: SessionCredentials,
  settings: SinkSettings,
  context: SinkContext,
): Promise<void> {
  context.signal.throwIfAborted()
  const files = profileFiles(credentials, settings, context.logger)
  // Loaded while the files are written; a failure surfaces when it is awaited.
  const ini = import('ini')
  ini.catch(() => undefined)
  for (const file of files)
    await writeProfile(file, await fileModeOf(file, settings, context.fs), ini, context)
}

/**
 * The region's file comes first: an app that finds the credentials finds everything.
 * @throws IamRaError FILE for anything a file of this kind cannot hold
 */
export function profileFiles(
  credentials: SessionCredentials,
  settings: SinkSettings,
  logger: SinkContext['logger'],
): ProfileFile[] {
  const { credentialsFile, profile, regionFile } = settings
  const { sessionToken } = credentials
  checkName(profile, logger)
  const header = credentialsHeader(profile)
  // An IAM user's keys have no session token, and SDKs would send an older token left next to them.
  const obsolete = [...KEYS_OF_OTHERS, ...(sessionToken === undefined ? ['aws_session_token'] : [])]
  const files: ProfileFile[] = []
  if (regionFile !== undefined) {
    files.push({
      path: regionFile.path,
      profile,
      kind: 'config',
      header: (text) => configHeader(profile, text),
      // SDKs merge the profile from both files.
      edit: { values: { region: plain('region', regionFile.region) }, obsolete },
    })
  }
  files.push({
    path: credentialsFile,
    profile,
    kind: 'credentials',
    header: () => header,
    edit: {
      comment: [
        `valid until ${validUntil(credentials)}`,
        ...(credentials.arn === undefined ? [] : [plain('ARN', credentials.arn)]),
      ].join(', '),
      values: {
        aws_access_key_id: plain('access key id', credentials.accessKeyId),
        aws_secret_access_key: plain('secret access key', credentials.secretAccessKey),
        ...(sessionToken === undefined ? {} : { aws_session_token: plain('session token', sessionToken) }),
      },
      // SDKs prefer a setting in this file to one in the config file.
      obsolete: regionFile === undefined ? obsolete : [...obsolete, 'region'],
    },
  })
  return files
}

/** A config file holds no secret and may serve other purposes, so an existing one keeps its mode. */
export async function fileModeOf(
  { path, kind }: ProfileFile,
  { fileMode }: SinkSettings,
  fs: Pick<SinkContext['fs'], 'lstat'>,
): Promise<number> {
  if (kind === 'credentials') return fileMode
  const existing = await attempt(`cannot read ${path}`, () => unlessMissing(fs.lstat(path)))
  return existing?.isFile() === true ? existing.mode & 0o777 : fileMode
}

async function writeProfile(
  file: ProfileFile,
  mode: number,
  ini: Promise<typeof import('ini')>,
  context: SinkContext,
): Promise<void> {
  const { path, profile } = file
  const verify = async (written: Buffer): Promise<void> => {
    const text = written.toString('latin1')
    const read = readProfile(text, file, await ini)
    const wrong = Object.entries(file.edit.values).find(([key, value]) => read?.[key] !== value)
    if (read === undefined || wrong !== undefined) {
      throw refused(
        `read-back of ${path} does not match what was written: ${wrong?.[0] ?? 'its section'} differs in profile ${profile}`,
        'check the profile in that file for lines that do not belong there',
      )
    }
    warnOfObstacles(text, path, file.kind, context.logger)
  }
  const edit = (current: Buffer | undefined): Buffer =>
    Buffer.from(editedText(file, textOf(current), context.logger), 'latin1')
  await replaceFile(path, mode, edit, verify, context)
  context.logger.step('wrote profile', { profile, file: path })
}

/** A byte string, as in ini-text.ts. */
export function textOf(content: Buffer | undefined): string {
  return content?.toString('latin1') ?? ''
}

/** Thousands of profiles. Each line is examined a dozen times, and meanwhile neither DEADLINE nor a signal gets its turn. */
const MAX_LINES = 50_000

function hasMoreLines(text: string, most: number): boolean {
  let count = 0
  for (const { end } of linesOf(text)) {
    if (end !== '') count += 1
    if (count > most) return true
  }
  return false
}

/** @throws IamRaError FILE if the profile cannot be put into this text so that every SDK reads it */
export function editedText(
  { path, profile, header: headerIn, edit }: ProfileFile,
  text: string,
  logger: SinkContext['logger'],
): string {
  if (text.includes('\0')) {
    throw refused(
      `cannot edit ${path}: it contains a NUL byte, so it is not UTF-8 text`,
      'remove or convert the file',
    )
  }
  if (hasMoreLines(text, MAX_LINES)) {
    throw refused(
      `cannot edit ${path}: it has more than ${MAX_LINES} lines, so it is probably not a credentials file`,
      'check that the setting names the right file',
    )
  }
  const header = headerIn(text)
  if (countLines(text, header) > MAX_PROFILE_LINES) {
    throw refused(
      `cannot edit ${path}: profile ${profile} has more than ${MAX_PROFILE_LINES} lines, so it is probably not a profile`,
      'remove what does not belong there, or name another file',
    )
  }
  lookAtKeys(text, header, { path, profile, obsolete: edit.obsolete ?? [] }, logger)
  if (sectionsOf(text, header).length > 1) {
    logger.warn(`profile ${profile} appears more than once in ${path}; its sections are merged`)
  }
  const edited = editProfile(text, { header, ...edit })
  const misread = misreading(edited, header.written, profile, edit.values)
  if (misread !== undefined) {
    throw refused(
      `the AWS SDK for ${misread.reader} would not read the ${misread.key} that was written to profile ${profile} of ${path}`,
      `check below that profile for a section header followed by other text, for keys that begin with an invisible character and, for Ruby, for [profile ${profile}]`,
    )
  }
  return edited
}

/**
 * Our settings as `ini` reads them; undefined unless there is exactly one section. It gets the lines of our keys only,
 * without the header: it splits a name at dots, and mistakes sub-settings and odd keys for ours.
 */
function readProfile(
  text: string,
  { header, edit }: ProfileFile,
  ini: typeof import('ini'),
): Readonly<Record<string, unknown>> | undefined {
  const [section, ...others] = sectionsOf(text, header(text))
  if (section === undefined || others.length > 0) return undefined
  const lines = parseEntries(section.body)
    .filter(({ key }) => key !== undefined && Object.hasOwn(edit.values, key))
    .map(({ line }) => line.text)
  // Without bracketedArray, a second line of one key shows up: it becomes a list.
  return ini.parse(lines.join('\n'), { bracketedArray: false })
}

function checkName(profile: string, logger: SinkContext['logger']): void {
  if (!isProfileName(profile)) {
    throw refused(
      `profile name ${JSON.stringify(profile)} cannot be used in a credentials file`,
      `choose another AWS_PROFILE: ${PROFILE_NAME_RULE}`,
    )
  }
  if (!PLAIN_NAME.test(profile)) {
    logger.warn(
      `profile name ${JSON.stringify(profile)} is not read by every AWS SDK (those for JavaScript, Java and Rust do not read it)`,
    )
  }
}

function validUntil({ expiresAtMs }: SessionCredentials): string {
  if (Number.isNaN(new Date(expiresAtMs).getTime())) {
    throw refused("the credentials' expiration is not a valid time", 'report this, it is a bug')
  }
  return timestamp(expiresAtMs)
}

/** @throws IamRaError that names the value and never shows it */
function plain(what: string, value: string): string {
  if (PLAIN_VALUE.test(value) && !ALTERED.test(value)) return value
  throw new IamRaError(
    'FILE',
    'sink',
    `the ${what} contains characters that a credentials file cannot hold, so AWS did not issue it`,
    { hint: 'check that the answer really comes from AWS' },
  )
}
