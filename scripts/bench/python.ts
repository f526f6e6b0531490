/** The Python that the pipeline runs on: that of the tests against others' clients, and beside it the one package more. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pythonEnvironment } from '../../test/real/interop/python.ts'
import { ROOT } from '../checks/files.ts'
import { cleanEnv } from '../clean-env.ts'

const REQUIREMENTS = join(import.meta.dirname, 'pipelines/requirements.txt')

export interface Python {
  readonly interpreter: string
  /** For PYTHONPATH. */
  readonly packages: string
}

/** @throws Error where pip cannot install it; its reason is on stderr */
export function benchPython(): Python {
  const interpreter = pythonEnvironment()
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const packages = join(ROOT, `.cache/bench-python-${digest}`)
  if (!existsSync(packages)) {
    const draft = `${packages}.making-${process.pid}`
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
    // pip alone may need what a machine says about its network.
    const network = /^(?:PIP_\w+|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|(?:HTTPS?|NO)_PROXY)$/i
    const env = Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && network.test(name) ? [[name, value] as const] : [],
    )
    const { status } = spawnSync(interpreter, [...pip, '--target', draft, '-r', REQUIREMENTS], {
      env: cleanEnv(Object.fromEntries(env)),
      stdio: ['ignore', process.stderr, process.stderr],
    })
    if (status !== 0) {
      rmSync(draft, { recursive: true, force: true })
      throw new Error('pip cannot install hvac for the Python pipeline, its reason stands above')
    }
    renameSync(draft, packages)
  }
  return { interpreter, packages }
}
