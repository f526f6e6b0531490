/** A mistake in the command, the environment or the setup: nothing was tried, and the exit code is 2. */
import { IamRaError, type ErrorOptions } from '../../errors.ts'

export function mistake(
  message: string,
  options: Pick<ErrorOptions, 'hint' | 'problems' | 'cause'> = {},
): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, options)
}
