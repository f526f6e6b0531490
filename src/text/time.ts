/** Times and durations for people and parsers. */

/** Milliseconds for people to read: `2 s`, `0.5 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

/** UTC as ISO 8601 in whole seconds, rounded down: every SDK's parser accepts it, and botocore's accepts nothing else. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
