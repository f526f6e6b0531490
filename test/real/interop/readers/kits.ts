/**
 * What the runners of readers.ts are made of: SDKs of others from Go's, Maven's, npm's and Rust's registries, each pinned with all
 * that it brings, built at their first use and kept in the user's cache folder under a digest of what they are made from.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../../../rig/servers/build.ts'

const SOURCES = import.meta.dirname
/** A first build with all downloads takes four minutes at most on two cores; one that takes longer hangs. */
const BUILD_BOUND_MS = 900_000

export const KITS = ['go', 'java-v2', 'java-v1', 'minio-java', 'javascript-v2', 'rust'] as const
export type KitName = (typeof KITS)[number]
/** Without Rust, whose Debian package is too old for its SDK. */
export const TESTED_KITS = KITS.filter((kit) => kit !== 'rust')

interface Kit {
  /** Beside this file: what its digest is made of, and what its build gets a copy of. */
  readonly sources: readonly string[]
  readonly tools: readonly string[]
  /** Where to get the tools. */
  readonly hint: string
  /** What a first build took on two cores. */
  readonly duration: string
  /** Commands that make the kit's content in `out`, run beside a copy of the sources. */
  steps(out: string): readonly (readonly [command: string, ...args: string[]])[]
}

const KIT: Readonly<Record<KitName, Kit>> = {
  go: {
    sources: ['go'],
    tools: ['go'],
    hint: 'install Go 1.26 or newer',
    duration: '2 minutes',
    steps: (out) => [
      [
        'go',
        '-C',
        'go',
        'build',
        '-mod=readonly',
        '-trimpath',
        '-ldflags=-s -w',
        '-o',
        join(out, 'reader'),
        '.',
      ],
    ],
  },
  'java-v2': ofMaven('v2'),
  'java-v1': ofMaven('v1'),
  'minio-java': ofMaven('minio'),
  'javascript-v2': {
    sources: ['javascript-v2'],
    tools: ['npm'],
    hint: 'install Node with npm',
    duration: '20 seconds',
    steps: (out) => [
      ['cp', 'javascript-v2/package.json', 'javascript-v2/package-lock.json', out],
      ['npm', 'ci', '--prefix', out, '--ignore-scripts', '--no-progress', '--no-fund', '--no-audit'],
    ],
  },
  rust: {
    sources: ['rust'],
    tools: ['cargo'],
    hint: "install Rust 1.94.1 or newer with cargo; Debian's is too old",
    duration: '3 minutes',
    steps: (out) => [
      ['cargo', 'build', '--quiet', '--release', '--locked', '--manifest-path', 'rust/Cargo.toml'],
      ['cp', 'rust/target/release/reader', out],
    ],
  },
}

function ofMaven(folder: string): Kit {
  return {
    sources: ['java/Runner.java', `java/${folder}`],
    tools: ['mvn', 'javac', 'java'],
    hint: 'on Debian: apt-get install maven openjdk-17-jdk-headless',
    duration: '40 seconds',
    steps: (out) => [
      [
        'mvn',
        ...['--batch-mode', '--quiet', '--no-transfer-progress', '--file', `java/${folder}/pom.xml`],
        'org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies',
        ...[`-DoutputDirectory=${join(out, 'jars')}`, '-DincludeScope=runtime'],
      ],
      // Not by a plugin of Maven's, which would bring three dozen packages more.
      [
        'javac',
        ...['-nowarn', '-cp', join(out, 'jars/*'), '-d', join(out, 'classes')],
        ...['java/Runner.java', `java/${folder}/Sdk.java`],
      ],
    ],
  }
}

/**
 * The folder that has it. Makes it where there is none yet, with progress on stderr.
 * @throws Error that says what is missing; never leaves a half-made one under the final name
 */
export function kitFolder(name: KitName): string {
  const kit = KIT[name]
  const cache = join(cacheFolder(), 'readers')
  const folder = join(cache, `${name}-${digestOf(kit)}-${process.platform}-${process.arch}`)
  if (existsSync(folder)) return folder
  const missing = kit.tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
  if (missing.length > 0)
    throw new Error(`readers: ${name} needs ${missing.join(' and ')}\nhint: ${kit.hint}`)
  process.stderr.write(`readers: making ${name}, once (about ${kit.duration} on two cores)\n`)
  mkdirSync(cache, { recursive: true })
  // Beside the project, whose package.json and go.mod are none of theirs.
  const work = mkdtempSync(join(tmpdir(), 'iam-ra-readers-'))
  const draft = mkdtempSync(`${folder}.making-`)
  try {
    for (const source of kit.sources) cpSync(join(SOURCES, source), join(work, source), { recursive: true })
    for (const [command, ...args] of kit.steps(draft)) build(name, command, args, work)
    move(draft, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}

function digestOf({ sources }: Kit): string {
  const hash = createHash('sha256')
  for (const path of sources.flatMap(filesIn)) hash.update(path).update(readFileSync(join(SOURCES, path)))
  return hash.digest('hex').slice(0, 12)
}

function filesIn(source: string): readonly string[] {
  if (!statSync(join(SOURCES, source)).isDirectory()) return [source]
  return readdirSync(join(SOURCES, source))
    .sort()
    .flatMap((name) => filesIn(join(source, name)))
}

/** Registries, proxies and authorities are this machine's: what it says of them stays. */
function build(kit: string, command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', process.stderr, process.stderr],
    timeout: BUILD_BOUND_MS,
  })
  if (status === 0) return
  const why = error === undefined ? `exit ${status ?? 'by a signal'}` : error.message
  throw new Error(`readers: ${command} cannot make ${kit} (${why})\nhint: see its own words above`)
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    // Another run was first.
    if (!existsSync(to)) throw error
  }
}
