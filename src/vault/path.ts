/** Segments of a mount or a role, each encoded, so that none can leave its place in a path below /v1. */
export function encodeVaultPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
