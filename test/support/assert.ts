import { inspect } from 'node:util'
import * as assert from 'uvu/assert'
import { IamRaError, type ErrorCode } from '../../src/errors.ts'

/** uvu's `throws` is synchronous; this one awaits, checks the code, and hands the error back for more checks. */
export async function rejectsWithCode(promise: Promise<unknown>, code: ErrorCode): Promise<IamRaError> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return hasCode(error, code)
  }
  assert.unreachable(`expected a rejection with ${code}, got ${inspect(value)}`)
  throw new Error('unreachable')
}

export function throwsWithCode(run: () => unknown, code: ErrorCode): IamRaError {
  let value: unknown
  try {
    value = run()
  } catch (error) {
    return hasCode(error, code)
  }
  assert.unreachable(`expected ${code} to be thrown, got ${inspect(value)}`)
  throw new Error('unreachable')
}

function hasCode(error: unknown, code: ErrorCode): IamRaError {
  if (!(error instanceof IamRaError)) throw error
  assert.is(error.code, code, `${error.code}: ${error.message}`)
  return error
}
