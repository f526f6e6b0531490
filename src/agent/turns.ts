/** Who may work: a few at a time, the others wait, and each group gets its turn however many another one sends. */

export interface TurnLimits {
  /** How many work at a time, */
  readonly atOnce: number
  /** and how many of one group. */
  readonly ofGroup: number
  /** How many of a group may wait, */
  readonly waitingOfGroup: number
  /** and how many of all. */
  readonly waiting: number
}

export interface Turns {
  /** @returns undefined if no more may wait; otherwise what `work` returns once it had its turn */
  take<T>(group: string, work: () => Promise<T>): Promise<T> | undefined
}

interface Group {
  running: number
  readonly waiting: (() => void)[]
}

export function createTurns(limits: TurnLimits): Turns {
  /** In the order of their turns. */
  const groups = new Map<string, Group>()
  let [running, waiting] = [0, 0]

  const next = (): void => {
    for (const group of groups.values()) {
      if (running >= limits.atOnce) return
      if (group.running >= limits.ofGroup) continue
      const start = group.waiting.shift()
      if (start === undefined) continue
      waiting -= 1
      start()
    }
  }

  const run = async <T>(name: string, group: Group, work: () => Promise<T>): Promise<T> => {
    running += 1
    group.running += 1
    // Last in line for its next one.
    groups.delete(name)
    groups.set(name, group)
    try {
      return await work()
    } finally {
      running -= 1
      group.running -= 1
      if (group.running === 0 && group.waiting.length === 0) groups.delete(name)
      next()
    }
  }

  return {
    take(name, work) {
      let group = groups.get(name)
      const isFree = running < limits.atOnce && (group?.running ?? 0) < limits.ofGroup
      if (!isFree && (waiting >= limits.waiting || (group?.waiting.length ?? 0) >= limits.waitingOfGroup))
        return undefined
      if (group === undefined) groups.set(name, (group = { running: 0, waiting: [] }))
      const own = group
      if (isFree) return run(name, own, work)
      waiting += 1
      return new Promise((resolve, reject) => {
        own.waiting.push(() => void run(name, own, work).then(resolve, reject))
      })
    },
  }
}
