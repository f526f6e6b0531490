/** That the command line and --help go by the table of commands that they are given, and know none by its name. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readArguments } from '../../src/settings/arguments.ts'
import type { CommandFace, ListedCommand } from '../../src/settings/command.ts'
import { helpText, onlyFor } from '../../src/settings/help.ts'
import { isFor, SETTINGS } from '../../src/settings/options.ts'

function listedCommand(name: string, members: Partial<CommandFace> = {}): ListedCommand {
  const help = { summary: `summary of ${name}`, details: `details of ${name}`, example: [`line of ${name}`] }
  return { name, takes: [], ...members, help }
}

const paint = listedCommand('paint', { takes: ['files'] })
const measure = listedCommand('measure', { takes: ['files', 'health'], json: true })
const inspect = listedCommand('inspect', { takes: ['files', 'health'], json: true, dryRun: true })
const gather: CommandFace = { name: 'gather', takes: ['files', 'health'] }
const oneShot = listedCommand('alone', { takes: ['start-spread'] })
const commands = [paint, measure, inspect, gather]
const program = { oneShot, commands }

const table = suite('settings: a table of commands')

table('its words are commands, hidden ones too, and the one-shot’s is none', () => {
  for (const command of commands) assert.is(readArguments([command.name], commands).command, command)
  for (const word of ['alone', 'serve', 'check', 'obtain']) {
    assert.equal(readArguments([word], commands).problems, [
      'argument 1: is neither a command nor a flag; expected paint, measure, inspect or a flag such as --vault-addr',
    ])
  }
})

table('a mistyped word is like those that are listed alone', () => {
  assert.is(readArguments(['mesure'], commands).meant, 'measure')
  assert.is(readArguments(['gathr'], commands).meant, undefined)
  assert.match(readArguments(['paint', 'gather'], commands).problems.join(), /^argument 2: is not a flag/)
})

table('--json is for those that take it', () => {
  for (const { name, json } of commands) {
    assert.equal(
      readArguments([name, '--json'], commands).problems,
      json
        ? []
        : ['--json: works only with measure and inspect; expected LOG_FORMAT=json for JSON log lines'],
      name,
    )
  }
})

table('help has the texts of each, and none of a hidden one', () => {
  const whole = helpText(program)
  assert.match(whole, /^aws-iam-ra: summary of alone\n\nUsage: aws-iam-ra \[COMMAND\] /)
  assert.match(whole, /\n {2}paint\n {6}summary of paint\n {2}measure\n {6}summary of measure\n {2}inspect\n/)
  assert.match(whole, /\nExample:\n {2}line of alone\n$/)
  assert.not.match(whole, /gather/)
  assert.is(helpText(program, gather), whole)
  const one = helpText(program, measure)
  assert.match(
    one,
    /^aws-iam-ra measure: summary of measure\n\nUsage: aws-iam-ra measure .*\n\ndetails of measure\n/,
  )
  assert.match(one, /^ {2}--json /m)
  assert.not.match(helpText(program, paint), /^ {2}--json /m)
})

table('a setting is for the commands that take its part; a dry run and a hidden one are not named', () => {
  assert.equal(
    commands.map((command) => isFor(SETTINGS.HEALTH_ADDR, command)),
    [false, true, true, true],
  )
  assert.ok(commands.every((command) => isFor(SETTINGS.DEADLINE, command)))
  assert.not.ok(commands.some((command) => isFor(SETTINGS.VAULT_ADDR, command)))
  assert.is(onlyFor(SETTINGS.AWS_PROFILE, program), 'paint and measure only')
  assert.is(onlyFor(SETTINGS.HEALTH_ADDR, program), 'measure only')
  assert.is(onlyFor(SETTINGS.START_SPREAD, program), undefined)
  assert.is(onlyFor(SETTINGS.DEADLINE, program), undefined)
})

table('one that gets no credentials reads how to log and what it takes', () => {
  const tidy = listedCommand('tidy', { takes: ['files'], getsNone: true })
  assert.ok(isFor(SETTINGS.LOG_FORMAT, tidy) && isFor(SETTINGS.AWS_PROFILE, tidy))
  assert.not.ok(isFor(SETTINGS.VAULT_ADDR, tidy) || isFor(SETTINGS.DEADLINE, tidy))
  assert.not.match(helpText(program, tidy), /required settings|VAULT_ADDR/)
})

table.run()
