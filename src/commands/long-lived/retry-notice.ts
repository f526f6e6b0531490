/** What a long-lived command says of a run before it has failed: its end may be a minute away. */
import type { Logger } from '../../run/log.ts'

/** A blip is nobody's business. */
const SAID_AT = 3

/** Says an attempt that fails for the third time as a warning: who watches a pod that does not start learns why. */
export function withEarlyWord(logger: Logger): Logger {
  return {
    ...logger,
    step: (message, fields) => {
      // The retries' own field.
      if (fields?.['attempt'] === SAID_AT) logger.warn(message, fields)
      else logger.step(message, fields)
    },
  }
}
