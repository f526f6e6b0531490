import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beginAgain, NO_COMPILER, ownArguments, ownFile } from '../../src/run/reexec.ts'

interface Begun {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const EXECUTABLE = '/$bunfs/root/aws-iam-ra'
const SCRIPT = '/src/aws-iam-ra.ts'

function begin(
  script: string,
  env: Record<string, string>,
  needs: Parameters<typeof beginAgain>[1] = { longLived: true },
  execve?: () => never,
): Begun | undefined {
  let begun: Begun | undefined
  const self = {
    execPath: '/aws-iam-ra',
    platform: 'linux',
    argv: ['bun', script, 'serve', '--verbose'],
    execArgv: ['--own'],
    env,
    execve:
      execve ??
      ((file: string, args: string[], given: Record<string, string>) => {
        begun = { file, args, env: given }
      }),
  }
  beginAgain(self as unknown as NodeJS.Process, needs)
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

program('the file of an executable is the one that runs, whatever lies at its path by now', () => {
  const argv = ['bun', EXECUTABLE]
  assert.is(ownFile({ argv, execPath: '/aws-iam-ra', platform: 'linux' }), '/proc/self/exe')
  assert.is(ownFile({ argv, execPath: '/aws-iam-ra', platform: 'darwin' }), '/aws-iam-ra')
  assert.is(ownFile({ argv: ['node', SCRIPT], execPath: '/node', platform: 'linux' }), '/node')
})

program(
  'a long-lived executable begins again with its arguments, its environment and without the compiler',
  () => {
    assert.equal(begin(EXECUTABLE, { A: 'b' }), {
      file: '/proc/self/exe',
      args: ['/aws-iam-ra', 'serve', '--verbose'],
      env: { A: 'b', [NO_COMPILER]: '0' },
    })
  },
)

program('it begins again once, and never against the user’s word', () => {
  assert.is(begin(EXECUTABLE, { [NO_COMPILER]: '0' }), undefined)
  assert.is(begin(EXECUTABLE, { [NO_COMPILER]: '1' }), undefined)
  assert.is(begin(EXECUTABLE, {}, {}), undefined)
  assert.is(begin(SCRIPT, {}), undefined)
})

program('a command that needs the compiler begins again with it, and otherwise not', () => {
  for (const script of [EXECUTABLE, SCRIPT]) {
    const begun = begin(script, { A: 'b', [NO_COMPILER]: '0' }, { needsCompiler: true })
    assert.equal(begun?.env, { A: 'b' })
    assert.is(begin(script, { A: 'b' }, { needsCompiler: true }), undefined)
  }
})

for (const name of [
  'BUN_CONFIG_VERBOSE_FETCH',
  'BUN_INSPECT',
  'BUN_JSC_logGC',
  'BUN_OPTIONS',
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_NO_WARNINGS',
  'NODE_OPTIONS',
  'NODE_PENDING_DEPRECATION',
  'NODE_REDIRECT_WARNINGS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_USE_ENV_PROXY',
  'NODE_USE_SYSTEM_CA',
  'NODE_V8_COVERAGE',
  'OPENSSL_CONF',
  'SSLKEYLOGFILE',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
]) {
  program(`a short run begins again without ${name}, and then goes on`, () => {
    const without = { A: 'b' }
    assert.equal(begin(EXECUTABLE, { ...without, [name]: 'x' }, {})?.env, without)
    assert.equal(begin(SCRIPT, { ...without, [name]: 'x' }, {}), {
      file: '/aws-iam-ra',
      args: ['/aws-iam-ra', '--own', SCRIPT, 'serve', '--verbose'],
      env: without,
    })
    assert.is(begin(EXECUTABLE, without, {}), undefined)
  })
}

program('what many pods and images set costs no second start', () => {
  const env = {
    NODE_ENV: 'production',
    NODE_VERSION: '22.1.0',
    NODE_NAME: 'node-1',
    NODE_EXPORTER_SERVICE_HOST: '10.0.0.1',
    BUN_INSTALL: '/root/.bun',
    BUN_INSTALL_BIN: '/usr/local/bin',
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    // The manifests of k8s set it.
    [NO_COMPILER]: '0',
    VAULT_CACERT: '/ca.pem',
  }
  assert.is(begin(EXECUTABLE, env, {}), undefined)
})

program('where that cannot be done it goes on, and keeps from the runtime what that has not read yet', () => {
  const refuse = (): never => {
    throw new Error('EPERM')
  }
  const env = { A: 'b', NODE_DEBUG: '*' }
  assert.is(begin(EXECUTABLE, env, { longLived: true }, refuse), undefined)
  assert.equal(env, { A: 'b' })
})

program.run()
