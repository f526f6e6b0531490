/**
 * Yields to timers and signals, which promises alone do not: a long list of certificates must not hold up the deadline.
 * @throws the signal's reason
 */
export function turn(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => (signal.aborted ? reject(signal.reason as Error) : resolve()))
  })
}
