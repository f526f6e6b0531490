import { readFileSync } from 'node:fs'

/** The text of one file of this folder; the name without `.pem`. */
export function pem(name: string): string {
  return readFileSync(new URL(`${name}.pem`, import.meta.url), 'utf8')
}
