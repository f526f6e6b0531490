import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Command } from '../../src/commands/command.ts'
import { PROGRAM } from '../../src/commands/commands.ts'
import { obtain } from '../../src/commands/obtain.ts'
import { EXIT_CODES } from '../../src/errors.ts'
import { SWITCHES } from '../../src/settings/arguments.ts'
import { listed } from '../../src/settings/command.ts'
import { defaultOf, helpText as textOf } from '../../src/settings/help.ts'
import { flagOf, isFor, OPTIONS, type OptionName } from '../../src/settings/options.ts'
import { ANCHOR, PROFILE, readFrom, REQUIRED } from './fixture.ts'

const help = suite('settings: help')

const COMMANDS = listed(PROGRAM.commands)

function helpText(command?: Command): string {
  return textOf(PROGRAM, command)
}

const lines = helpText().split('\n')

/** What the text says of an option, on one line; empty if it is not there. */
function paragraphOf(name: OptionName, text: string): string {
  const all = text.split('\n')
  const start = all.findIndex((line) => line.startsWith(`  ${name}`) && line.includes(flagOf(name)))
  if (start === -1) return ''
  const length = all.slice(start + 1).findIndex((line) => !line.startsWith('      '))
  return all
    .slice(start, start + 1 + length)
    .join(' ')
    .replace(/\s+/g, ' ')
}

function exampleOf(text: string): string[] {
  const [, example = ''] = /\nExample[^\n]*:\n([^]*)$/.exec(text) ?? []
  return example.trimEnd().split('\n')
}

help('every setting is there with its flag and its default', () => {
  const text = helpText().replace(/\s+/g, ' ')
  for (const { name } of OPTIONS) {
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name}`) && line.includes(flagOf(name))),
      name,
    )
  }
  for (const option of OPTIONS) {
    const shown = `(${defaultOf(option)}`
    assert.ok(text.includes(`${shown})`) || text.includes(`${shown}; `), option.name)
  }
})

help('every setting shows what its own check expects, and its bounds are in no other words', () => {
  for (const { name, check, meaning, note = '' } of OPTIONS) {
    const paragraph = paragraphOf(name, helpText())
    assert.ok(paragraph.includes(`${meaning}${check.expected === '' ? '' : `: ${check.expected}`}`), name)
    assert.not.match(`${meaning} ${note}`, /\d+ to \d+|true or false|\b(?:ec-p384|jwt)\b/, name)
  }
  assert.match(paragraphOf('SESSION_DURATION', helpText()), /900 to 43200/)
  assert.match(paragraphOf('KEY_TYPE', helpText()), /ec-p256, ec-p384, rsa-2048 or rsa-3072/)
})

for (const command of COMMANDS) {
  help(`${command.name} lists the settings that it takes, and no others`, () => {
    const text = helpText(command)
    assert.match(
      text,
      new RegExp(`^aws-iam-ra ${command.name}: .*\n(?:.+\n)?\nUsage: aws-iam-ra ${command.name} `),
    )
    for (const option of OPTIONS) {
      assert.is(paragraphOf(option.name, text) !== '', isFor(option, command), option.name)
    }
    assert.is(/^ {2}--json /m.test(text), command.name === 'check')
    assert.is(/^ {2}--remove /m.test(text), command.name === 'agent-address')
    assert.not.match(text, / only\)$/m)
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line)
  })
}

help('settings of long-lived commands are marked in the text for all', () => {
  assert.match(paragraphOf('IMDS_V1', helpText()), /\(default: false; serve only\)/)
  assert.match(paragraphOf('HEALTH_ADDR', helpText()), /\(default: none; serve, renew and agent only\)/)
})

help('what no user runs has the text for all', () => assert.is(helpText(obtain), helpText()))

help('ends in an example that works, for each command', async () => {
  const env: Record<string, string> = {}
  const commands: string[] = []
  for (const line of exampleOf(helpText())) {
    const words = line.trim().split(' ')
    if (words[0] !== 'export') commands.push(line.trim())
    else for (const word of words.slice(1)) env[word.split('=')[0] ?? ''] = word.split('=')[1] ?? ''
  }
  assert.equal(
    Object.keys(env)
      .map((name) => name.replace(/_FILE$/, ''))
      .sort(),
    Object.keys(REQUIRED).sort(),
  )
  const { ANCHOR_ARN_FILE, PROFILE_ARN_FILE, ...others } = env
  assert.ok(ANCHOR_ARN_FILE && PROFILE_ARN_FILE)
  const required = { ...others, ANCHOR_ARN: ANCHOR, PROFILE_ARN: PROFILE }
  const expected = ['check', 'once']
  for (const command of COMMANDS) {
    const example = exampleOf(helpText(command))
    assert.is(example.length, 1)
    commands.push(...example.map((line) => line.trim()))
    expected.push(command.name)
  }
  const read = await Promise.all(
    commands.map(async (line) => {
      const [program, ...argv] = line.split(' ')
      assert.is(program, 'aws-iam-ra')
      return (await readFrom(required, argv, '/home/app')).command
    }),
  )
  assert.equal(read, expected)
})

help('every command is there with what it does', () => {
  assert.is(lines[2], 'Usage: aws-iam-ra [COMMAND] [--flag VALUE]...')
  const meanings = COMMANDS.map(({ name }) => {
    const at = lines.indexOf(`  ${name}`)
    assert.ok(at > lines.indexOf('Commands:'), name)
    return lines[at + 1] ?? ''
  })
  for (const meaning of meanings) assert.match(meaning, /^ {6}\w/)
  assert.is(new Set(meanings).size, COMMANDS.length)
})

help('what serve and renew start by themselves is not there', () => {
  assert.not.match(helpText(), /^ {2}obtain\b/m)
})

help('every switch and every exit code is there', () => {
  for (const name of SWITCHES)
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name} `)),
      name,
    )
  for (const code of ['0', ...Object.values(EXIT_CODES).map(String), '128+n']) {
    assert.ok(
      lines.some((line) => line.startsWith(`  ${code} `)),
      code,
    )
  }
})

help('the lower-case names that work are named', () => {
  assert.match(helpText(), /HTTPS_PROXY or https_proxy/)
  assert.match(helpText(), /NO_PROXY or no_proxy/)
})

help('no line is wider than 100 columns or ends in blanks', () => {
  for (const line of lines) {
    assert.ok(line.length <= 100, line)
    assert.is(line, line.trimEnd())
  }
  assert.is(lines.at(-1), '')
})

help.run()
