/** A duration as Vault writes it, such as 90, 30s, 5m, 24h or 1d, in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count = '', unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  return count === '' ? undefined : Number(count) * (UNITS[unit] ?? 1)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
