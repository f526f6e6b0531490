/** The Python that the pipeline runs on: that of the tests against others' clients, and beside it the one package more. */
import { join } from 'node:path'
import { furtherPackages, pythonEnvironment } from '../../test/rig/processes/python.ts'

const REQUIREMENTS = join(import.meta.dirname, 'pipelines/requirements.txt')

export interface Python {
  readonly interpreter: string
  /** For PYTHONPATH. */
  readonly packages: string
}

/** @throws Error where pip cannot install it; its reason is on stderr */
export function benchPython(): Python {
  return { interpreter: pythonEnvironment(), packages: furtherPackages('bench-python', REQUIREMENTS) }
}
