/**
 * The Python environment of the pipeline: the one from the tests against third-party clients, plus one package next to
 * it.
 */
import { join } from 'node:path'
import { furtherPackages, pythonEnvironment } from '../../test/rig/processes/python.ts'

const REQUIREMENTS = join(import.meta.dirname, 'pipelines/requirements.txt')

export interface Python {
  readonly interpreter: string
  /** For PYTHONPATH. */
  readonly packages: string
}

/** @throws Error if pip cannot install it; the reason is on stderr */
export function benchPython(): Python {
  return { interpreter: pythonEnvironment(), packages: furtherPackages('bench-python', REQUIREMENTS) }
}
