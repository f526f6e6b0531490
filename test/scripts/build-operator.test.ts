/** The operator's program as it ships: the package for npm, installed where nothing else is, and the executable. */
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RouteMap } from '@stricli/core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compileOperator, packOperator } from '../../scripts/build/operator.ts'
import { npm } from '../../scripts/build/npm.ts'
import { packageJson, ROOT } from '../../scripts/checks/files.ts'
import type { LineContext } from '../../src/operator/route.ts'
import { ROUTES } from '../../src/operator/routes.ts'
import { cleanEnv, machinePath } from '../rig/processes/clean-env.ts'
import { onTerminal } from '../rig/processes/terminal.ts'

const work = mkdtempSync(join(tmpdir(), 'iam-ra-operator-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const { version } = packageJson()
const tarball = packOperator(join(work, 'out'))
/** Somebody's project: nothing of ours is above it. */
const project = join(work, 'project')
mkdirSync(project)
writeFileSync(join(project, 'package.json'), '{}')
npm(['install', '--offline', '--no-audit', '--no-fund', tarball], project)
const bin = join(project, 'node_modules/.bin/iam-ra')
const installed = join(project, 'node_modules/iam-ra')
const executable = compileOperator(join(work, 'out'))

/** The ways to run it: by this repository's Node, and by the Node of this machine, as its `#!` line does. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'the package on Node 26': [join(ROOT, 'node_modules/.bin/node'), bin],
  "the package on this machine's Node": [bin],
  'the executable': [executable],
}

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(program: readonly string[], args: readonly string[], env: Record<string, string> = {}): Run {
  const [command = '', ...before] = program
  const { status, stdout, stderr } = spawnSync(command, [...before, ...args], {
    // Neither our folder nor the package's.
    cwd: work,
    env: cleanEnv({ PATH: machinePath(), HOME: work, ...env }),
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

/** The words of each command. */
function commandsOf(routes: RouteMap<LineContext>, before: readonly string[] = []): readonly string[][] {
  return routes.getAllEntries().flatMap(({ name, target }) => {
    const words = [...before, name.original]
    return 'getAllEntries' in target ? commandsOf(target, words) : [words]
  })
}

const shipping = suite('the operator’s program as it ships')

shipping('is a package of a version, with all licences and no packages that it would have to fetch', () => {
  assert.is(tarball, join(work, `out/iam-ra-${version}.tgz`))
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  assert.is(manifest['version'], version)
  assert.is(manifest['dependencies'], undefined)
  assert.equal(
    readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['iam-ra'],
  )
  const notices = readFileSync(join(installed, 'NOTICES'), 'utf8')
  for (const name of [
    '@stricli/core',
    '@clack/prompts',
    'sisteransi',
    '@aws-sdk/client-iam',
    '@smithy/core',
    'yaml',
  ])
    assert.match(notices, new RegExp(`^${name} \\d\\S+ \\((?:Apache-2\\.0|MIT|ISC)\\)$`, 'm'))
  assert.not.match(readFileSync(join(installed, 'README.md'), 'utf8'), /\]\((?!https:)/)
  assert.is(readFileSync(join(installed, 'LICENSE'), 'utf8'), readFileSync(join(ROOT, 'LICENSE'), 'utf8'))
})

shipping('is the same package twice', () => {
  const again = packOperator(join(work, 'again'))
  assert.ok(readFileSync(tarball).equals(readFileSync(again)))
})

shipping('loads what a command needs when it is run, and names no place of this machine', () => {
  const entry = readFileSync(join(installed, 'iam-ra.js'), 'utf8')
  assert.match(entry, /^#!\/usr\/bin\/env node\n/)
  assert.match(entry, /import\("\.\/vault-setup-\w+\.js"\)/)
  assert.not.match(entry, /node_modules\/@clack/)
  for (const name of readdirSync(installed))
    assert.not.ok(readFileSync(join(installed, name), 'utf8').includes(ROOT), name)
})

for (const [name, program] of Object.entries(PROGRAMS)) {
  shipping(`${name}: help, version, completion, a wrong line`, () => {
    assert.equal(run(program, ['--version']), { code: 0, stdout: `iam-ra ${version}\n`, stderr: '' })
    const help = run(program, ['--help'])
    assert.is(help.code, 0, help.stderr)
    assert.match(help.stdout, /^USAGE\n {2}iam-ra init\n/)
    assert.is(help.stderr, '')
    assert.match(run(program, ['completion', 'bash']).stdout, '__complete')
    assert.match(run(program, ['__complete', 'vault', 'setup', '--ro']).stdout, /^--root-mount\t/)
    const wrong = run(program, ['vault', 'setup', '--aply'])
    assert.is(wrong.code, 2)
    assert.is(wrong.stdout, '')
    assert.match(wrong.stderr, 'hint: did you mean --apply?')
  })

  shipping(`${name}: help of every command`, () => {
    for (const words of commandsOf(ROUTES)) {
      const help = run(program, [...words, '--help'])
      assert.is(help.code, 0, help.stderr)
      assert.match(help.stdout, `USAGE\n  iam-ra ${words.join(' ')}`)
    }
  })

  shipping(`${name}: status without credentials says what is missing`, () => {
    const env = { AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true' }
    const { code, stdout, stderr } = run(program, ['status'], env)
    assert.is(code, 5, stderr)
    assert.is(stdout, '')
    assert.match(stderr, 'cannot get AWS credentials: none were found')
    assert.match(stderr, /^hint: set --profile or AWS_PROFILE/m)
  })

  shipping(`${name}: vault setup against a Vault that is empty, with no file beside it`, async () => {
    const vault = createServer((request, response) => {
      const known = /^\/v1\/sys\/(mounts|auth)$/.test(request.url ?? '')
      response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' })
      response.end(known ? '{"data":{}}' : '{"errors":[]}')
    })
    await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = vault.address() as AddressInfo
      const [command = '', ...before] = program
      const shown = await onTerminal([command, ...before, 'vault', 'setup'], {
        at: 'nothing is asked',
        keys: '',
        env: {
          PATH: machinePath(),
          HOME: work,
          VAULT_ADDR: `http://127.0.0.1:${port}`,
          VAULT_TOKEN: 'a-token',
        },
      })
      assert.is(shown.code, 0, shown.shown)
      assert.is(shown.shown, '')
      assert.match(shown.stdout, /^\+ create sys\/auth\/kubernetes\n/)
      assert.match(shown.stdout, /path "pki\/sign\/iam-ra"/)
      assert.match(shown.stdout, /; nothing was written: run with --apply to write\n$/)
    } finally {
      vault.close()
    }
  })
}

shipping('the executable says its help in 25 ms of CPU', () => {
  const least = Object.entries(PROGRAMS).map(([name, program]): [string, number] => {
    const spent = Array.from({ length: 15 }, () => cpuMs([...program, '--help']))
    return [name, Math.min(...spent)]
  })
  const shown = least.map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', ')
  process.stdout.write(`\nnote: the least CPU time of iam-ra --help: ${shown}\n`)
  assert.ok((least.at(-1)?.[1] ?? Infinity) <= 25, shown)
})

/** User and system time of a run. */
function cpuMs(command: readonly string[]): number {
  const script = [
    'import resource, subprocess, sys',
    'subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)',
    'used = resource.getrusage(resource.RUSAGE_CHILDREN)',
    'print(1000 * (used.ru_utime + used.ru_stime))',
  ].join('\n')
  const { stdout } = spawnSync('/usr/bin/python3', ['-s', '-c', script, ...command], {
    cwd: work,
    env: cleanEnv({ PATH: machinePath(), HOME: work }),
    encoding: 'utf8',
  })
  return Number(stdout)
}

shipping.run()
