/** Builds and lists the subjects that a run of the bench asks for. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from '../build.ts'
import { ROOT } from '../checks/files.ts'
import { requireServer } from '../../test/rig/servers/build.ts'
import { buildNodeExecutable, compileWithBun } from './executables.ts'
import { benchPython } from './python.ts'
import type { Subject, SubjectName } from './subjects.ts'

/** Rounds from one run of a slow subject to its next. */
const SLOW = 3

/** As k8s/base sets it. */
const AS_IN_A_POD = { BUN_JSC_useJIT: '0' }

/** Each is built when requested. */
const MAKERS: Readonly<Record<SubjectName, () => Omit<Subject, 'name'>>> = {
  ours: () => ({ ...job(ours()), env: AS_IN_A_POD }),
  'ours-jit': () => job(copyOf(join(ROOT, 'dist/aws-iam-ra'), 'aws-iam-ra-jit')),
  floor: () => job(compileWithBun('scripts/bench/floor/floor.ts', 'floor')),
  'node-executable': () => ({
    ...job(buildNodeExecutable('src/aws-iam-ra.ts', 'node-executable')),
    every: SLOW,
  }),
  'node-source': () => {
    const node = copyOf(nodeBinary(), 'node')
    const files = [node, join(ROOT, 'src'), join(ROOT, 'node_modules/@peculiar')]
    return { ...job(node, join(ROOT, 'src/aws-iam-ra.ts')), files, every: SLOW }
  },
  python: () => {
    const { interpreter, packages } = benchPython()
    return {
      ...job(interpreter, join(import.meta.dirname, 'pipelines/pipeline.py')),
      env: { PYTHONPATH: packages },
      files: [packages, join(interpreter, '../..')],
      awsScheme: 'https',
      every: SLOW,
    }
  },
  'vault-cli': () => {
    const vault = copyOf(requireServer('vault'), 'vault')
    const script = join(import.meta.dirname, 'pipelines/vault-cli.sh')
    const tools = ['openssl', 'curl', 'jq', 'awk'].map((name) => join('/usr/bin', name))
    const files = [vault, script, ...tools]
    return { ...job('/bin/sh', script), env: { VAULT: vault }, files, every: SLOW }
  },
  help: () => ({ ...job(ours(), '--help'), does: 'start' }),
  version: () => ({ ...job(ours(), '--version'), does: 'start' }),
  'empty-bun': () => ({
    ...job(compileWithBun('scripts/bench/floor/empty.ts', 'empty')),
    does: 'start',
  }),
  'empty-node': () => ({
    ...job(copyOf(nodeBinary(), 'node'), join(import.meta.dirname, 'floor/empty.ts')),
    does: 'start',
  }),
}

export interface Lineup {
  readonly subjects: readonly Subject[]
  /** The subjects that this machine cannot run, and why. */
  readonly missing: readonly { readonly name: SubjectName; readonly reason: string }[]
}

export function lineUp(names: readonly SubjectName[]): Lineup {
  build()
  const subjects: Subject[] = []
  const missing: { name: SubjectName; reason: string }[] = []
  for (const name of names) {
    try {
      const subject = MAKERS[name]()
      const absent = subject.files.find((file) => !existsSync(file))
      if (absent === undefined) subjects.push({ ...subject, name })
      else missing.push({ name, reason: `${absent} is missing` })
    } catch (error) {
      missing.push({ name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { subjects, missing }
}

function job(program: string, ...args: readonly string[]): Omit<Subject, 'name'> {
  return { argv: [program, ...args], files: [program], does: 'job', every: 1 }
}

function ours(): string {
  return copyOf(join(ROOT, 'dist/aws-iam-ra'), 'aws-iam-ra')
}

/** The program itself; the file in .bin may be a script. */
function nodeBinary(): string {
  return join(ROOT, 'node_modules/node/bin/node')
}

/**
 * A separate file, since pages mapped by another process cannot be dropped, and a cold start would find them; and
 * rewritten each time, since the resident set depends on how a file came into the page cache.
 */
function copyOf(program: string, name: string): string {
  const copy = join(ROOT, 'dist/bench', name)
  mkdirSync(dirname(copy), { recursive: true })
  // Another bench may be running the old one.
  rmSync(copy, { force: true })
  copyFileSync(program, copy)
  return copy
}
