/** What a long-lived command says before a run has failed, which may take a minute. */

/** The third failed attempt is logged as a warning, so that someone watching a pod that does not start sees why. */
export const EARLY_WORD = { warnAt: 3 } as const
