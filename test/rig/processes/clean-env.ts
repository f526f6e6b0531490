/** What children of the tests and the demo see of this machine's environment: nothing that could change what they do. */
export function cleanEnv(extra: Readonly<Record<string, string>>): Record<string, string> {
  const keep = ['PATH', 'TMPDIR', 'TERM', 'FAST_CHECK_SEED']
  const kept = keep.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(kept), ...extra }
}

/** PATH without the directories that npm adds, so that `node` is this machine's own. */
export function machinePath(): string {
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('/node_modules/'))
    .join(':')
}
