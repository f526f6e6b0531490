/** UTC as ISO 8601 in whole seconds, never later than the moment itself: every SDK's parser takes it, botocore's no other. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
