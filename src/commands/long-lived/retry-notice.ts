/** What a long-lived command says of a run before it has failed: its end may be a minute away. */

/** The attempt that is said as a warning: who watches a pod that does not start learns why, and a blip is nobody's business. */
export const EARLY_WORD = { warnAt: 3 } as const
