/** The origin of the figures: the machine and the versions, and nothing that identifies it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { cleanEnv } from '../../test/rig/processes/clean-env.ts'
import type { Subject } from './subjects.ts'

const PACKAGES = ['hvac', 'cryptography', 'iam-rolesanywhere-session', 'botocore']

export function machineFacts(subjects: readonly Subject[]): Readonly<Record<string, string>> {
  const subject = (name: Subject['name']): Subject | undefined => subjects.find((one) => one.name === name)
  const python = subject('python')
  const vault = subject('vault-cli')?.env?.['VAULT']
  const facts = {
    processors: `${cpus().length} × ${(cpus()[0]?.model ?? 'unknown').replace(/\s+/g, ' ').trim()}`,
    'load average before the run': `${(loadavg()[0] ?? 0).toFixed(1)}; on a machine that is busy the figures mean little`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${distribution()}, kernel ${release()}`,
    Node: process.versions.node,
    Bun: firstMatch(join(ROOT, 'node_modules/.bin/bun'), ['--version'], /[\d.]+/),
    Python: python === undefined ? '' : pythonVersions(python),
    'Vault CLI': vault === undefined ? '' : firstMatch(vault, ['version'], /Vault v([\d.]+)/),
    openssl: firstMatch('openssl', ['version'], /OpenSSL ([\d.]+\w*)/),
    curl: firstMatch('curl', ['--version'], /curl ([\d.]+)/),
    jq: firstMatch('jq', ['--version'], /jq-([\d.]+)/),
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== ''))
}

function distribution(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8')
    return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? process.platform
  } catch {
    return process.platform
  }
}

function pythonVersions({ argv, env }: Subject): string {
  const script = `import platform, importlib.metadata as m
print(platform.python_version(), *(f"{n} {m.version(n)}" for n in ${JSON.stringify(PACKAGES)}), sep=", ")`
  return firstMatch(argv[0] ?? '', ['-c', script], /.+/, env)
}

/** The first group, or the whole match; empty if the program is missing. */
function firstMatch(
  program: string,
  args: readonly string[],
  pattern: RegExp,
  env: Readonly<Record<string, string>> = {},
): string {
  const { error, stdout } = spawnSync(program, args, { env: cleanEnv(env), encoding: 'utf8' })
  if (error !== undefined) return ''
  const found = pattern.exec(stdout)
  return found?.[1] ?? found?.[0] ?? ''
}
