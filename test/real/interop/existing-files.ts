/** Credentials files as people and other tools leave them, and what each kind of reader makes of them. */
import type { Reader } from './readers.ts'

/** The two Python readers share one parser. */
export type Family = 'Python' | 'JavaScript'

export const FAMILY: Readonly<Record<Reader, Family>> = {
  'AWS CLI': 'Python',
  boto3: 'Python',
  'JavaScript SDK': 'JavaScript',
}

export interface ExistingFile {
  readonly what: string
  /** Absent: there is no file. Bytes where it is no UTF-8. */
  readonly before?: string | Buffer
  /** Default `app`. */
  readonly profile?: string
  /** Default one with `+`, `/` and `==`. */
  readonly token?: string
  /**
   * Who cannot read the file at all: only `before` our edit, which mends it, or `always`, since what stops the reader is
   * not ours to change. Python gives up at the first odd line; the JavaScript SDK sees an empty file then.
   */
  readonly unread?: Partial<Record<Family, 'before' | 'always'>>
  /** Who reads the file and yet finds no such profile. */
  readonly unseen?: readonly Family[]
}

const A = '[a]\naws_access_key_id = AKIAOTHERA\naws_secret_access_key = other/secret+a\nregion = eu-west-1\n'
const B = '[b]\naws_access_key_id = AKIAOTHERB\naws_secret_access_key = b==\naws_session_token = t/+==\n'
const OLD = 'aws_access_key_id = ASIAOLD\naws_secret_access_key = old\naws_session_token = old==\n'
const KEYS_BY_PROCESS = '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "by+process"}'

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

const TOKENS: readonly ExistingFile[] = [
  'ends+in/one0=',
  'ends+in/two0==',
  '+/+/',
  '/starts+with',
  '+starts/with',
  '=starts=with=',
  'has-and_too',
  `${'IQoJb3JpZ2luX2VjE+/'.repeat(200)}==`,
].map((token) => ({ what: `a token like ${token.slice(0, 20)}`, token, before: A + B }))

/**
 * `[two words]`: the JavaScript SDK takes two words of its plain letters for a kind of section and a name, knows no such
 * kind and drops the section (parseIni of @smithy/core). No spelling is read by all: quotes and further blanks become a
 * part of the name in every reader. More than two words, or a letter beyond `[\w-]` in the first or `[\w@+.%:/-]` in the
 * second, and it reads them.
 */
const NAMES: readonly ExistingFile[] = [
  { profile: 'default' },
  { profile: 'my.app' },
  { profile: 'a.b.c' },
  { profile: 'App' },
  { profile: 'user@host:x/%+' },
  { profile: 'ünï-日本😀' },
  { profile: 'three little words' },
  { profile: 'two  blanks' },
  { profile: 'two wörds' },
  { profile: 'my.dotted words' },
  { profile: 'two words', unseen: ['JavaScript'] as const },
  { profile: 'profile app', unseen: ['JavaScript'] as const },
].map((one) => ({ what: `the profile name ${one.profile}`, before: `[app]\n${OLD}${A}${B}`, ...one }))

const LINES: readonly ExistingFile[] = [
  { what: 'no file' },
  { what: 'an empty file', before: '' },
  { what: 'blank lines only', before: '\n\n  \n' },
  { what: 'comments only', before: '# one\n; two\n  # three' },
  { what: 'CRLF', before: crlf(`${A}\n[app]\n${OLD}region = x\n\n${B}`) },
  { what: 'CRLF and no final one', before: crlf(`${A}[app]\n${OLD}`).slice(0, -2) },
  { what: 'CR alone', before: `${A}${B}`.replaceAll('\n', '\r') },
  { what: 'both line endings', before: crlf(A) + B },
  { what: 'no final newline', before: (A + B).slice(0, -1) },
  { what: 'no final newline in the profile', before: `${A}[app]\nregion = x` },
  { what: 'a header at the very end', before: `${A}[app]` },
  { what: 'a byte order mark', before: `\ufeff${A}${B}`, unread: { Python: 'always' } },
  {
    what: 'a byte order mark and our header',
    before: `\ufeff[app]\n${OLD}${A}`,
    unread: { Python: 'always' },
  },
  { what: 'text beyond ASCII', before: `# Schlüssel für später 日本\n[a]\nregion = zürich\n[b ü]\nx = 😀\n` },
  {
    what: 'bytes that are no UTF-8',
    before: Buffer.from(`# caf\xe9\n${A}`, 'latin1'),
    unread: { Python: 'always' },
  },
  {
    what: 'many profiles',
    before: Array.from({ length: 20 }, (_, n) => `[p${n}]\nregion = r${n}\n`).join('\n'),
  },
]

const SECTIONS: readonly ExistingFile[] = [
  { what: 'the profile first', before: `[app]\n${OLD}\n${A}\n${B}` },
  { what: 'the profile between others', before: `${A}\n[app]\n${OLD}region = x\n\n${B}` },
  { what: 'the profile last', before: `${A}\n${B}\n[app]\n${OLD}` },
  { what: 'empty sections', before: `[empty]\n[app]\n[also empty here]\n${A}` },
  { what: 'another profile twice', before: `${A}${B}${A}`, unread: { Python: 'always' } },
  {
    what: 'the profile twice',
    before: `[app]\nregion = x\n${A}[app]\n${OLD}output = json\n`,
    unread: { Python: 'before' },
  },
  { what: 'a [profile app]', before: `[profile app]\nregion = x\n${A}` },
  {
    what: 'a [profile app] and the profile',
    before: `[profile app]\nregion = x\n[app]\n${OLD}region = y\n${A}`,
  },
  {
    what: 'other kinds of sections',
    before: `[sso-session s]\nsso_region = x\n[services s]\ns3 =\n  endpoint_url = http://x\n${A}`,
  },
  { what: 'blanks in the brackets', before: `[ app ]\n${OLD}region = x\n[ a ]\nregion = y\n` },
  { what: 'a comment behind the header', before: `[app] # mine\n${OLD}[a] ; theirs\nregion = x\n` },
  { what: 'a comment glued to the header', before: `[app]# mine\n${OLD}${A}` },
  { what: 'text behind the header', before: `[app] text\n${OLD}${A}` },
  {
    what: 'a [DEFAULT] that Python gives to all',
    before: `[DEFAULT]\nregion = all\naws_session_token = all\n[app]\n${OLD}${A}`,
  },
  { what: 'names of every object', before: `[constructor]\nregion = x\n[toString]\nregion = y\n${A}` },
  { what: 'a [__proto__]', before: `[__proto__]\nregion = x\n${A}`, unread: { JavaScript: 'always' } },
  { what: 'a header without a name', before: `[]\nx = 1\n${A}`, unread: { Python: 'always' } },
  { what: 'a bracket in a name', before: `[x]y]\nregion = z\n${A}` },
]

const SETTINGS: readonly ExistingFile[] = [
  {
    what: 'comments everywhere',
    before: `# a\n${A}# b\n; c\n[app] ; d\n# e\n${OLD}# f\nregion = x # g\n  # h\n${B}; i`,
  },
  {
    what: 'other settings of the profile',
    before: `[app]\nregion = x\n${OLD}output = json\ncli_pager =\n${A}`,
  },
  { what: 'keys in upper case', before: `[app]\n${OLD.toUpperCase()}${A.toUpperCase()}` },
  { what: 'an obsolete security token', before: `[app]\n${OLD}aws_security_token = obsolete\n${A}` },
  {
    what: 'blanks around everything',
    before: `[app]\n${OLD.replaceAll(' = ', '\t =  ')}${A.replaceAll(' = ', '=')}`,
  },
  { what: 'colons', before: `[app]\n${OLD.replaceAll(' = ', ': ').replace('==', '')}[a]\nregion : x\n` },
  { what: 'everything indented', before: `${A}[app]\n${OLD}region = x\n${B}`.replace(/^(?=.)/gm, '  ') },
  { what: 'settings indented', before: `${A}[app]\n${OLD}region = x\n${B}`.replace(/^(?=[a-z])/gm, '\t') },
  {
    what: 'sub-settings',
    before: `[a]\ns3 =\n  max_concurrent_requests = 9\nregion = x\n[app]\n${OLD}s3 =\n  addressing_style = path\n${B}`,
  },
  {
    what: 'wrapped values',
    before: `[a]\nregion = x\n  y\n[app]\naws_session_token = old\n  Zm9vYmFy\nregion = x\n  y\n`,
  },
  {
    what: 'odd values',
    before: `[a]\nx = "quoted"\ny = 50%\nz = a=b=c\nw = %(y)s\nv = $HOME\nu = \\n\n${B}`,
  },
  { what: 'a key twice in another profile', before: `${A}region = again\n`, unread: { Python: 'always' } },
  { what: 'a key twice in the profile', before: `[app]\n${OLD}${OLD}${A}`, unread: { Python: 'before' } },
  { what: 'a setting before any section', before: `region = x\n${A}`, unread: { Python: 'always' } },
  { what: 'a line that is no setting', before: `${A}this is no setting\n`, unread: { Python: 'always' } },
  { what: 'a setting without a name', before: `${A}= x\n`, unread: { Python: 'always' } },
  { what: 'a key twice, in another case', before: `${A}Region = x\n`, unread: { Python: 'always' } },
  {
    what: 'a key twice in two [DEFAULT]',
    before: `[DEFAULT]\nx = 1\n${A}[DEFAULT]\nx = 2\n`,
    unread: { Python: 'always' },
  },
  { what: 'several [DEFAULT]', before: `[DEFAULT]\nx = 1\n${A}[DEFAULT]\ny = 2\n[app]\n${OLD}` },
  { what: 'a sub-setting that is none', before: `${A}s3 =\n  x = 1\n  odd\n`, unread: { Python: 'always' } },
  {
    what: 'a line separator in a sub-setting',
    before: `${A}s3 =\n  x = 1\u2028odd\n`,
    unread: { Python: 'always' },
  },
  { what: 'a wide blank on a line of its own', before: `\u3000\n${A}\u2003\n\xa0# c\n` },
  { what: 'names that differ in their blanks', before: `[x y]\nz = 1\n[x  y]\nz = 2\n${A}` },
  { what: 'an odd line below a setting, which it continues', before: `${A}  odd\n\n  and more\n` },
  { what: 'an odd line indented below a header', before: `${A}[b]\n  odd\n`, unread: { Python: 'always' } },
  { what: 'an odd line above the profile', before: `${A}odd\n[app]\n${OLD}`, unread: { Python: 'always' } },
  {
    what: 'names of every object as keys',
    before: `[a]\nconstructor = 1\n__proto__ = 2\n[app]\ntoString = 3\n${OLD}`,
  },
]

const SOURCES: readonly ExistingFile[] = [
  {
    what: 'a profile that assumes a role',
    before: `${A}[r]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = a\n`,
  },
  {
    what: 'a profile that assumes a role with ours',
    before: `[r]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = app\n[app]\n${OLD}`,
  },
  {
    what: 'a profile with a credential source',
    before: `[r]\nrole_arn = arn:aws:iam::111122223333:role/x\ncredential_source = Environment\n${A}`,
  },
  {
    what: 'a profile with a web identity',
    before: `[w]\nrole_arn = arn:aws:iam::111122223333:role/x\nweb_identity_token_file = /none\n${A}`,
  },
  {
    what: 'a profile with single sign-on',
    before: `[s]\nsso_start_url = https://example.com\nsso_region = x\nsso_account_id = 111122223333\nsso_role_name = x\n${A}`,
  },
  { what: 'a profile with a process', before: `[p]\ncredential_process = echo '${KEYS_BY_PROCESS}'\n${A}` },
]

export const EXISTING_FILES: readonly ExistingFile[] = [
  ...TOKENS,
  ...NAMES,
  ...LINES,
  ...SECTIONS,
  ...SETTINGS,
  ...SOURCES,
]
