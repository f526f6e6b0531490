/** Times and spans as people and parsers read them. */

/** Milliseconds as people read them: `2 s`, `0.5 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

/** UTC as ISO 8601 in whole seconds, never later than the moment itself: every SDK's parser takes it, botocore's no other. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
