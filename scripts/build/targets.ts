/** The kinds of machine that executables are released for, and what each promises to need. */
import { compareVersions, readElf, type ElfFacts } from './elf.ts'
import { readMachO } from './mach-o.ts'

interface Kind {
  readonly name: string
  /** Bun's name, and its runtime's package. */
  readonly bun: string
  readonly runtime: string
}

export interface LinuxTarget extends Kind {
  readonly machine: ElfFacts['machine']
  readonly interpreter: string
}

interface MacTarget extends Kind {
  readonly macos: string
}

export type Target = LinuxTarget | MacTarget

export const LINUX: readonly LinuxTarget[] = [
  {
    name: 'linux-x64',
    bun: 'bun-linux-x64-baseline',
    runtime: '@oven/bun-linux-x64',
    machine: 'x86-64',
    interpreter: '/lib64/ld-linux-x86-64.so.2',
  },
  {
    name: 'linux-arm64',
    bun: 'bun-linux-arm64',
    runtime: '@oven/bun-linux-aarch64',
    machine: 'arm64',
    interpreter: '/lib/ld-linux-aarch64.so.1',
  },
]

export const MAC: MacTarget = {
  name: 'darwin-arm64',
  bun: 'bun-darwin-arm64',
  runtime: '@oven/bun-darwin-aarch64',
  macos: '13.0',
}

/** All in glibc's own package, so an image with the C library alone will do. */
const LIBRARIES = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']
/** Of 2012: RHEL 7 and everything younger. */
const GLIBC = '2.17'

/** What a file needs beyond what is promised, and what it needs in a word. @throws Error if it cannot be read */
export function requirements(
  file: Buffer,
  target: Target,
): { readonly needs: string; readonly problems: string[] } {
  if ('macos' in target) {
    const facts = readMachO(file)
    return {
      needs: `macOS ${facts.macos}, ${facts.pages} signed pages`,
      problems: machOProblems(facts, target),
    }
  }
  const facts = readElf(file)
  return { needs: `glibc ${facts.glibc}`, problems: elfProblems(facts, target) }
}

export function elfProblems(facts: ElfFacts, target: LinuxTarget): string[] {
  const loader = target.interpreter.slice(target.interpreter.lastIndexOf('/') + 1)
  const others = facts.libraries.filter((name) => name !== loader && !LIBRARIES.includes(name))
  return [
    ...(facts.machine === target.machine ? [] : [`it is for ${facts.machine}`]),
    ...(facts.interpreter === target.interpreter ? [] : [`its loader is ${facts.interpreter}`]),
    ...(others.length === 0 ? [] : [`it needs ${others.join(', ')}`]),
    ...(compareVersions(facts.glibc, GLIBC) <= 0 ? [] : [`it needs glibc ${facts.glibc}`]),
  ].map((problem) => `${target.name}: ${problem}`)
}

export function machOProblems(
  facts: { readonly macos: string; readonly libraries: readonly string[] },
  target: MacTarget,
): string[] {
  // Those of the system itself: anything else would have to be installed.
  const others = facts.libraries.filter((path) => !path.startsWith('/usr/lib/'))
  return [
    ...(compareVersions(facts.macos, target.macos) <= 0 ? [] : [`it needs macOS ${facts.macos}`]),
    ...(others.length === 0 ? [] : [`it needs ${others.join(', ')}`]),
  ].map((problem) => `${target.name}: ${problem}`)
}
