import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXIT_CODES } from '../../src/errors.ts'
import { COMMANDS, SWITCHES } from '../../src/settings/arguments.ts'
import { helpText } from '../../src/settings/help.ts'
import { flagOf, OPTIONS, type Option } from '../../src/settings/options.ts'

const help = suite('settings: help')

const lines = helpText().split('\n')

help('every setting is there with its flag and its default', () => {
  const text = helpText().replace(/\s+/g, ' ')
  for (const { name } of OPTIONS) {
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name}`) && line.includes(flagOf(name))),
      name,
    )
  }
  const table: readonly Option[] = OPTIONS
  for (const { name, required, fallback, otherwise } of table) {
    const shown = `(${required ?? `default: ${fallback ?? otherwise ?? ''}`})`
    assert.ok(text.includes(shown), name)
  }
})

help('every command is there with what it does', () => {
  assert.match(lines[2] ?? '', /^Usage: aws-iam-ra \[serve \| renew \| credential-process \| check\] /)
  const meanings = COMMANDS.map((name) => {
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
