/** Completion as shells ask for it, in each shell that this machine has. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { operate } from './operator.ts'

const completion = suite('completion')

const words = async (...line: string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await operate(['__complete', ...line])
  assert.is(code, 0)
  assert.is(stderr, '')
  return stdout.split('\n').flatMap((one) => one.split('\t')[0] || [])
}

completion('proposes commands, flags and nothing that makes no sense', async () => {
  for (const command of ['init', 'role', 'vault', 'completion'])
    assert.ok((await words('')).includes(command), command)
  assert.equal(await words('role', ''), ['create', 'list', 'show', 'delete'])
  assert.equal(await words('va'), ['vault'])
  assert.ok((await words('k8s', '')).includes('migrate'))
  assert.equal(await words('k8s', 'migrate', 'prod', '--print', ''), ['settings'])
  assert.equal(await words('completion', ''), ['bash', 'zsh', 'fish'])
  assert.equal(await words('vault', 'setup', '--re'), ['--reviewer-token', '--replace-reviewer-token'])
  assert.equal(await words('vault', 'setup', '--setup', ''), [])
  assert.equal(await words('nowhere', ''), [])
  assert.equal(await words(), [])
  const { stdout } = await operate(['__complete', 'vault', 'set'])
  assert.match(stdout, /^setup\tshow what pods need in Vault .*\n$/)
})

const bin = mkdtempSync(join(tmpdir(), 'iam-ra-completion-'))
process.on('exit', () => rmSync(bin, { recursive: true }))
writeFileSync(
  join(bin, 'iam-ra'),
  `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/iam-ra.ts')}' "$@"\n`,
  {
    mode: 0o755,
  },
)

/** How each shell is asked for what it would show after `iam-ra vault setup --re`, a word on each line. */
const SHELLS = {
  bash: [
    ...['--norc', '--noprofile', '-c'],
    `source <(iam-ra completion bash)
     COMP_WORDS=(iam-ra vault setup --re) COMP_CWORD=3
     _iam_ra
     printf '%s\\n' "\${COMPREPLY[@]}"
     complete -p iam-ra >&2`,
  ],
  // Its completion runs at a prompt alone: so it is shown what it would describe.
  zsh: [
    ...['-f', '-c'],
    `compdef() { print -u2 compdef $@ }
     _describe() { print -l -- "\${(@)\${(P)2}%%:*}" }
     _files() { print files }
     source <(iam-ra completion zsh)
     words=(iam-ra vault setup --re) CURRENT=4
     _iam_ra`,
  ],
  fish: [
    '--no-config',
    '-c',
    `iam-ra completion fish | source; complete -C 'iam-ra vault setup --re' | cut -f1`,
  ],
} as const

for (const [shell, args] of Object.entries(SHELLS)) {
  completion(`${shell} shows what there is`, () => {
    const env = cleanEnv({ PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: bin })
    const { status, stdout, stderr, error } = spawnSync(shell, args, { env, encoding: 'utf8' })
    if (error !== undefined) {
      process.stdout.write(`\nnote: ${shell} is not here, so its completion was not run\n`)
      return
    }
    assert.is(status, 0, stderr)
    assert.equal(stdout.trim().split('\n').sort(), ['--replace-reviewer-token', '--reviewer-token'])
  })
}

completion.run()
