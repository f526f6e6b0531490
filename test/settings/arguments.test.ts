import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readArguments } from '../../src/settings/arguments.ts'
import { flagOf, OPTIONS } from '../../src/settings/options.ts'
import { fc } from '../generated.ts'

const reading = suite('settings: command line')

reading('a flag takes the next argument or what follows its equals sign', () => {
  const { values, problems } = readArguments(['--vault-addr', 'https://v', '--role-arn=a=b'])
  assert.equal(
    [...values],
    [
      ['VAULT_ADDR', 'https://v'],
      ['ROLE_ARN', 'a=b'],
    ],
  )
  assert.equal(problems, [])
})

reading('switches are told from flags', () => {
  const { switches } = readArguments(['--help', '--version', '--quiet', '--verbose'])
  assert.equal([...switches], ['--help', '--version', '--quiet', '--verbose'])
})

reading('a flag does not swallow the flag after it', () => {
  const { values, switches, problems } = readArguments(['--vault-role', '--quiet'])
  assert.is(values.size, 0)
  assert.ok(switches.has('--quiet'))
  assert.equal(problems, ['--vault-role: has no value; expected --vault-role VALUE or --vault-role=VALUE'])
})

reading('a value that begins with dashes needs the equals sign', () => {
  assert.is(readArguments(['--vault-role=--x']).values.get('VAULT_ROLE'), '--x')
  assert.is(readArguments(['--vault-role', '-x']).values.get('VAULT_ROLE'), '-x')
})

for (const argv of [['--vault-role'], ['--vault-role='], ['--vault-role= '], ['--vault-role', '']]) {
  reading(`${JSON.stringify(argv)} has no value`, () => {
    assert.match(readArguments(argv).problems.join(), /^--vault-role: has no value/)
  })
}

reading('a flag given twice is a problem where the values differ', () => {
  assert.equal(readArguments(['--vault-role=a', '--vault-role=a']).problems, [])
  assert.match(readArguments(['--vault-role=a', '--vault-role=b']).problems.join(), /given twice/)
})

reading('an unknown flag is named without its value', () => {
  assert.equal(readArguments(['--vault-token=hvs.secret', '-h', '--hvs.secret']).problems, [
    '--vault-token: is not a known flag; expected one that --help lists',
    '-h: is not a known flag; expected one that --help lists',
    'an argument: is not a known flag; expected one that --help lists',
  ])
})

reading('an argument that is no flag is named by its place', () => {
  assert.equal(readArguments(['--vault-role', 'app', 'hvs.secret']).problems, [
    'argument 3: is not a flag; expected flags only, such as --vault-addr',
  ])
})

reading('a switch takes no value', () => {
  const { switches, problems } = readArguments(['--help=yes'])
  assert.is(switches.size, 0)
  assert.equal(problems, ['--help: takes no value; expected --help alone'])
})

reading('quiet and verbose exclude each other', () => {
  assert.match(readArguments(['--quiet', '--verbose']).problems.join(), /--verbose; expected one/)
})

reading('every option is read from its flag in either form', () => {
  const option = fc.constantFrom(...OPTIONS.map(({ name }) => name))
  const value = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '' && !text.startsWith('--'))
  fc.assert(
    fc.property(option, value, fc.boolean(), (name, text, inline) => {
      const flag = flagOf(name)
      const { values, problems } = readArguments(inline ? [`${flag}=${text}`] : [flag, text])
      assert.equal([...values], [[name, text]])
      assert.equal(problems, [])
    }),
  )
})

reading.run()
