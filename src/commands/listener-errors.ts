/** What goes wrong on a socket, or in a handler, after listening began: said, and nothing ends for it. */
import { asIamRaError } from '../errors.ts'
import type { Logger } from '../log.ts'

export function listenerErrors(logger: Logger): (error: unknown) => void {
  return (error) => logger.error(asIamRaError(error))
}
