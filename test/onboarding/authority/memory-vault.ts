/** A Vault in memory: a map of paths whose writes merge, as those of auth roles do. */
import type { Data } from '../../../src/onboarding/vault/difference.ts'
import type { Vault } from '../../../src/onboarding/vault/vault.ts'

export interface MemoryVault extends Vault {
  readonly found: Map<string, Data>
  /** What was asked, such as `read a/b`. */
  readonly asked: string[]
}

/** @param travel the way of a call, there or back */
export function memoryVault(
  start: Readonly<Record<string, Data>> = {},
  travel: () => Promise<void> = () => Promise.resolve(),
): MemoryVault {
  const found = new Map(Object.entries(start))
  const asked: string[] = []
  const call = async <T>(what: string, run: () => T): Promise<T> => {
    asked.push(what)
    await travel()
    const result = run()
    await travel()
    return result
  }
  return {
    ...{ found, asked },
    read: (path) => call(`read ${path}`, () => found.get(path)),
    list: (path) =>
      call(`list ${path}`, () =>
        [...found.keys()].flatMap((one) => (one.startsWith(`${path}/`) ? [one.slice(path.length + 1)] : [])),
      ),
    write: (path, data) =>
      call(`write ${path}`, () => {
        found.set(path, { ...found.get(path), ...data })
        return {}
      }),
    delete: (path) => call(`delete ${path}`, () => void found.delete(path)),
    close: () => undefined,
  }
}
