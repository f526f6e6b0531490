/**
 * How many connections are accepted before anything else gets its turn. Bun accepts for as long as one is waiting, and
 * a flood from many machines can keep one waiting forever: no answer, timer or signal then gets its turn, and no memory
 * is freed. Closing and reopening the listener ends that loop. It refuses the connections waiting at that moment, so it
 * is the last resort.
 */

const RETRY_MS = 1000

export interface AcceptTurn {
  accepted(): void
  /** Stops reopening the listener. */
  end(): void
}

/** @param listenAgain throws if the port is lost; retried every second */
export function createAcceptTurn(
  most: number,
  listenAgain: () => void,
  onError: (error: unknown) => void,
): AcceptTurn {
  let count = 0
  let retry: NodeJS.Timeout | undefined
  let isOver = false
  const again = (): void => {
    retry = undefined
    if (isOver) return
    try {
      listenAgain()
    } catch (error) {
      onError(error)
      retry = setTimeout(again, RETRY_MS)
    }
  }
  return {
    accepted() {
      if (count === 0) setImmediate(() => (count = 0))
      count += 1
      if (count < most || retry !== undefined) return
      count = 1
      again()
    },
    end() {
      isOver = true
      clearTimeout(retry)
    },
  }
}
