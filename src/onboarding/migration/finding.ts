/** Something that keeps a workload from moving, or that changes when it moves. */

export interface Finding {
  /** Stays the same between versions. */
  readonly code: string
  /** Whether the workload has no role before this is settled. */
  readonly blocks: boolean
  readonly text: string
  /** What settles it, one shell command each. */
  readonly commands?: readonly string[]
}

export function blocks(code: string, text: string, ...commands: readonly string[]): Finding {
  return { code, blocks: true, text, ...(commands.length === 0 ? {} : { commands }) }
}

export function differs(code: string, text: string, ...commands: readonly string[]): Finding {
  return { ...blocks(code, text, ...commands), blocks: false }
}
