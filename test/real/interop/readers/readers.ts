/** SDKs that others wrote, as readers of what we leave: how each is started, and what each needs to be told by every way. */
import { dirname, join } from 'node:path'
import { pythonEnvironment } from '../../../rig/processes/python.ts'
import { kitFolder } from './kits.ts'

/** How an app comes to credentials. */
export const WAYS = ['file', 'container endpoint', 'IMDSv2', 'credential_process'] as const
export type Way = (typeof WAYS)[number]

export interface Need {
  /** For the table. */
  readonly words: string
  /** @param told what all readers are told */
  env(told: Readonly<Record<string, string>>): Readonly<Record<string, string>>
}

export interface ReaderSpec {
  /** The command line of its runner, which is made first if need be. */
  command(): readonly [command: string, ...args: string[]]
  /** What the SDK and its package are called. */
  readonly package: string
  /** What its users must set too; without it there is nothing. */
  readonly needs?: Partial<Readonly<Record<Way, Need>>>
  /** The variations of scene.ts that bring it nothing, and why. A name of a way is for all of its variations. */
  readonly lacks?: Readonly<Record<string, string>>
  /** What its `use` shows: whom STS knows, S3's buckets, or nothing. Default STS. */
  readonly uses?: 'STS' | 'S3' | 'nothing'
  /** Asked by `npm run interop` alone: what builds it is not on every machine that runs the tests. */
  readonly untested?: true
  /** By these ways it keeps what it found for all of its process, so that every new app needs one of its own. */
  readonly static?: readonly Way[]
}

const HERE = import.meta.dirname

const go = (sdk: string) => (): [string, string] => [join(kitFolder('go'), 'reader'), sdk]
const java = (kit: 'java-v2' | 'java-v1' | 'minio-java') => (): [string, ...string[]] => {
  const folder = kitFolder(kit)
  return [
    'java',
    // Their answers come sooner than a compiler would be of use.
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'],
    // Of the runner, which changes its environment.
    ...['--add-opens', 'java.base/java.util=ALL-UNNAMED'],
    ...['-cp', `${folder}/jars/*:${folder}/classes`, 'Runner'],
  ]
}
const python = (sdk: string) => (): [string, ...string[]] => [
  pythonEnvironment(),
  join(HERE, 'runner.py'),
  sdk,
]

const LOAD_CONFIG: Need = { words: '`AWS_SDK_LOAD_CONFIG=1`', env: () => ({ AWS_SDK_LOAD_CONFIG: '1' }) }
const NO_PROCESS = 'does not know `credential_process`'
const NO_TOKEN_FILE = 'does not know `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`'

export const READERS = {
  'Go SDK v2': { command: go('v2'), package: 'github.com/aws/aws-sdk-go-v2/config' },
  'Go SDK v1': {
    command: go('v1'),
    package: 'github.com/aws/aws-sdk-go',
    needs: { credential_process: LOAD_CONFIG },
  },
  'Java SDK v2': { command: java('java-v2'), package: 'software.amazon.awssdk:sts' },
  'Java SDK v1': {
    command: java('java-v1'),
    package: 'com.amazonaws:aws-java-sdk-sts',
    needs: {
      file: {
        words: '`AWS_CREDENTIAL_PROFILES_FILE` in place of `AWS_SHARED_CREDENTIALS_FILE`',
        env: ({ AWS_SHARED_CREDENTIALS_FILE = '' }) => ({
          AWS_CREDENTIAL_PROFILES_FILE: AWS_SHARED_CREDENTIALS_FILE,
        }),
      },
      credential_process: {
        words: '`AWS_CREDENTIAL_PROFILES_FILE` in place of `AWS_CONFIG_FILE`',
        env: ({ AWS_CONFIG_FILE = '' }) => ({ AWS_CREDENTIAL_PROFILES_FILE: AWS_CONFIG_FILE }),
      },
    },
    static: ['IMDSv2'],
  },
  'JavaScript SDK': {
    command: () => [process.execPath, join(HERE, 'javascript-v3.ts')],
    package: '@aws-sdk/client-sts',
  },
  'JavaScript SDK v2': {
    command: () => [process.execPath, join(HERE, 'javascript-v2.ts'), kitFolder('javascript-v2')],
    package: 'aws-sdk (npm)',
    needs: {
      file: {
        words: '`AWS_SDK_LOAD_CONFIG=1` and a config file, which `WRITE_REGION=true` writes',
        env: ({ AWS_SHARED_CREDENTIALS_FILE = '' }) => ({
          AWS_SDK_LOAD_CONFIG: '1',
          AWS_CONFIG_FILE: join(dirname(AWS_SHARED_CREDENTIALS_FILE), 'config'),
        }),
      },
      credential_process: LOAD_CONFIG,
    },
  },
  boto3: { command: python('boto3'), package: 'boto3' },
  'AWS CLI': { command: python('cli'), package: 'awscli (PyPI)' },
  // Debian's, with Debian's Python: neither may be another that is first on PATH.
  'AWS CLI v2': {
    command: () => ['/usr/bin/python3', '-s', join(HERE, 'runner.py'), 'cli'],
    package: 'awscli (Debian)',
    lacks: {
      'container endpoint, token file': NO_TOKEN_FILE,
      'IMDSv2, address without': 'needs the slash at the end of the address',
    },
  },
  'Rust SDK': { command: () => [join(kitFolder('rust'), 'reader')], package: 'aws-config', untested: true },
  'Ruby SDK': {
    command: () => ['/usr/bin/ruby', join(HERE, 'runner.rb')],
    package: 'ruby-aws-sdk-core (Debian)',
    lacks: {
      'container endpoint': 'does not know `AWS_CONTAINER_CREDENTIALS_FULL_URI`',
      IMDSv2: 'ignores the port in `AWS_EC2_METADATA_SERVICE_ENDPOINT`',
    },
  },
  CRT: { command: python('crt'), package: 'awscrt', uses: 'nothing' },
  'minio-go': {
    command: go('minio'),
    package: 'github.com/minio/minio-go/v7',
    uses: 'S3',
    lacks: { 'credential_process, with quotes': 'splits the line at blanks' },
  },
  'minio-py': {
    command: python('minio'),
    package: 'minio (PyPI)',
    uses: 'S3',
    lacks: { credential_process: NO_PROCESS },
  },
  'minio-java': {
    command: java('minio-java'),
    package: 'io.minio:minio',
    uses: 'S3',
    lacks: { 'container endpoint, token file': NO_TOKEN_FILE, credential_process: NO_PROCESS },
  },
} as const satisfies Readonly<Record<string, ReaderSpec>>

export type ReaderName = keyof typeof READERS
export const READER_NAMES = Object.keys(READERS) as readonly ReaderName[]

export const TESTED_READERS = READER_NAMES.filter((reader) => specOf(reader).untested !== true)

export function specOf(reader: ReaderName): ReaderSpec {
  return READERS[reader]
}
