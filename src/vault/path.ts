/** Encodes each segment of a mount or a role, so that none can escape its place in a path below /v1. */
export function encodeVaultPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
