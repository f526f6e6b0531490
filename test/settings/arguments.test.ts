import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { flagOf, OPTIONS } from '../../src/settings/options.ts'
import { fc } from '../support/generated.ts'
import { commandOf, COMMANDS, readArguments } from './fixture.ts'

const reading = suite('settings: command line')

for (const command of COMMANDS) {
  reading(`${command} is a command where it stands first`, () => {
    const read = readArguments([command, '--vault-role', 'app', '--quiet'])
    assert.is(read.command, command)
    assert.equal([...read.values, ...read.switches], [['VAULT_ROLE', 'app'], '--quiet'])
    assert.equal(read.problems, [])
    assert.is(commandOf([command]), command)
  })

  reading(`${command} is refused in any later place`, () => {
    const expected = 'is a command, but not the first argument; expected one command, before all flags'
    const late = readArguments(['--quiet', command])
    assert.is(late.command, undefined)
    assert.equal(late.problems, [`argument 2: ${expected}`])
    const second = readArguments(['serve', '--vault-role=app', command])
    assert.is(second.command, 'serve')
    assert.equal(second.problems, [`argument 3: ${expected}`])
    assert.is(commandOf(['--quiet', command]), undefined)
  })

  reading(`${command} may be a flag's value`, () => {
    const { values, problems } = readArguments(['--vault-role', command])
    assert.is(values.get('VAULT_ROLE'), command)
    assert.equal(problems, [])
  })
}

reading('without a command it is the one-shot', () => {
  for (const argv of [[], ['--quiet'], ['--vault-role=app']]) {
    assert.is(readArguments(argv).command, undefined)
    assert.is(commandOf(argv), undefined)
  }
})

for (const [word, meant] of [
  ['rotate'],
  ['Serve', 'serve'],
  ['serve=x', 'serve'],
  ['credential_process', 'credential-process'],
  ['chek', 'check'],
  ['constructor'],
  [''],
] as const) {
  reading(`${JSON.stringify(word)} is no command`, () => {
    const { command, problems, meant: found } = readArguments([word])
    assert.is(command, undefined)
    assert.is(found, meant)
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
    assert.equal(problems, [
      `argument 1: is neither a command nor a flag${hint}; expected serve, renew, credential-process, check, agent, wait, metadata-address, agent-address or a flag such as --vault-addr`,
    ])
  })
}

reading('json is for check alone', () => {
  const { switches, problems } = readArguments(['check', '--json'])
  assert.ok(switches.has('--json'))
  assert.equal(problems, [])
  const others = COMMANDS.filter((name) => name !== 'check').map((name) => [name])
  for (const words of [[], ...others]) {
    assert.equal(readArguments([...words, '--json']).problems, [
      '--json: works only with check; expected LOG_FORMAT=json for JSON log lines',
    ])
  }
})

reading('remove is for agent-address alone', () => {
  const { switches, problems } = readArguments(['agent-address', '--remove'])
  assert.ok(switches.has('--remove'))
  assert.equal(problems, [])
  for (const words of [[], ...COMMANDS.map((name) => [name])]) {
    assert.equal(readArguments([...words, '--remove']).problems, [
      '--remove: works only with agent-address; expected it to be left out',
    ])
  }
})

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

reading('a mistyped flag is told its likeness, with or without its second dash', () => {
  assert.equal(readArguments(['--vault-adr=x', '--quit', '-verbose', '--role-arns=x']).problems, [
    '--vault-adr: is not a known flag (did you mean --vault-addr?); expected one that --help lists',
    '--quit: is not a known flag (did you mean --quiet?); expected one that --help lists',
    '-verbose: is not a known flag (did you mean --verbose?); expected one that --help lists',
    '--role-arns: is not a known flag (did you mean --role-arn?); expected one that --help lists',
  ])
})

reading('what may be a value is like no flag of ours and shown nowhere', () => {
  assert.equal(readArguments(['--Vault-Addr=x', '--vault_addr=x', '--vault-addr2']).problems, [
    'an argument: is not a known flag; expected one that --help lists',
    'an argument: is not a known flag; expected one that --help lists',
    'an argument: is not a known flag; expected one that --help lists',
  ])
  assert.not.match(readArguments(['chekc']).problems.join(), 'chekc')
})

reading('beside a mistyped command nothing else counts, but help does', () => {
  const { problems, meant } = readArguments(['chek', '--json', '--nonsense', 'x'])
  assert.is(meant, 'check')
  assert.is(problems.length, 1)
  assert.ok(readArguments(['chek', '--help']).switches.has('--help'))
  assert.is(readArguments(['--quiet', 'chek']).meant, undefined)
  assert.is(readArguments(['obtian']).meant, undefined)
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
