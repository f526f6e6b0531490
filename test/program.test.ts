import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beginWithoutCompiler, NO_COMPILER, ownArguments } from '../src/program.ts'

interface Begun {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

function begin(script: string, env: Record<string, string>, execve?: () => never): Begun | undefined {
  let begun: Begun | undefined
  beginWithoutCompiler({
    execPath: '/aws-iam-ra',
    argv: ['bun', script, 'serve', '--verbose'],
    execArgv: [],
    env,
    execve:
      execve ??
      ((file: string, args: string[], given: Record<string, string>) => {
        begun = { file, args, env: given }
      }),
  } as unknown as NodeJS.Process)
  return begun
}

const program = suite('the program, started again')

program('an executable is itself, a script needs its runtime', () => {
  assert.equal(ownArguments({ argv: ['bun', '/$bunfs/root/aws-iam-ra', 'serve'], execArgv: [] }), [])
  assert.equal(ownArguments({ argv: ['node', '/src/aws-iam-ra.ts', 'serve'], execArgv: ['--a'] }), [
    '--a',
    '/src/aws-iam-ra.ts',
  ])
})

program('an executable begins again with its arguments, its environment and without the compiler', () => {
  assert.equal(begin('/$bunfs/root/aws-iam-ra', { A: 'b' }), {
    file: '/aws-iam-ra',
    args: ['/aws-iam-ra', 'serve', '--verbose'],
    env: { A: 'b', [NO_COMPILER]: '0' },
  })
})

program('it begins again once, and never against the user’s word', () => {
  assert.is(begin('/$bunfs/root/aws-iam-ra', { [NO_COMPILER]: '0' }), undefined)
  assert.is(begin('/$bunfs/root/aws-iam-ra', { [NO_COMPILER]: '1' }), undefined)
  assert.is(begin('/src/aws-iam-ra.ts', {}), undefined)
})

program('where that cannot be done it goes on', () => {
  const refuse = (): never => {
    throw new Error('EPERM')
  }
  assert.is(begin('/$bunfs/root/aws-iam-ra', {}, refuse), undefined)
})

program.run()
