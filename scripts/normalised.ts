/** Output of real runs with what differs from run to run made the same, so that a document may hold it. */
import { createHash } from 'node:crypto'

const DAY_MS = 86_400_000
const YEAR_MS = 365.25 * DAY_MS
const TODAY = { year: 2026, month: 12, day: 1 } as const

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g
const SERIAL = /\b(?:[0-9a-f]{2}:){7,}[0-9a-f]{2}\b/g
const HEX = /\b(?:(?:[0-9a-f]{2}){17,20}|(?:[0-9A-F]{2}){17,20}|(?<=SHA-256 )[0-9a-f]{16})\b/g
/** A random serial number of 20 bytes is written shorter when its first bytes are zero; a page always has 20. */
const SERIAL_BYTES = { few: 17, all: 20 } as const
/** IAM's id of a role. */
const ROLE_ID = /\bAROA[A-Z2-7]{17}\b/g
const DATE = /\b\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(?:\.\d+)?)?Z)?/g

/** Keeps its ids over all outputs of a page. */
export class Normaliser {
  readonly #ids = new Map<string, string>()
  readonly #names: readonly (readonly [from: string, to: string])[]

  /** @param names addresses and paths of this machine, and what readers see instead */
  constructor(names: readonly (readonly [from: string, to: string])[]) {
    this.#names = names
  }

  normalise(output: string, nowMs: number): string {
    const named = this.#names.reduce((text, [from, to]) => text.replaceAll(from, to), output)
    return named
      .replace(UUID, (id) =>
        this.#same(id, (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')),
      )
      .replace(SERIAL, (serial) =>
        this.#same(serial, (hex) =>
          (hex.match(/../g) ?? []).slice(0, bytesOf((serial.length + 1) / 3)).join(':'),
        ),
      )
      .replace(HEX, (serial) => {
        const made = this.#same(serial.toLowerCase(), (hex) => hex.slice(0, 2 * bytesOf(serial.length / 2)))
        return serial === serial.toUpperCase() ? made.toUpperCase() : made
      })
      .replace(ROLE_ID, (id) => this.#same(id, (hex) => `AROA${base32(hex)}`))
      .replace(DATE, (written, time: string | undefined, seconds: string | undefined) => {
        const ms = Date.parse(written)
        // Versions of policies and the like.
        if (ms < nowMs - YEAR_MS) return written
        if (time === undefined) return dayOf(ms, nowMs)
        return `${dayOf(ms, nowMs)}T12:00${seconds === undefined ? '' : ':00'}Z`
      })
  }

  /** The same for each id, by the order in which they appear. */
  #same(id: string, form: (hex: string) => string): string {
    const known = this.#ids.get(id)
    if (known !== undefined) return known
    const hex = createHash('sha256').update(String(this.#ids.size)).digest('hex')
    const made = form(hex)
    this.#ids.set(id, made)
    return made
  }
}

function bytesOf(written: number): number {
  return written < SERIAL_BYTES.few ? written : SERIAL_BYTES.all
}

/** Seventeen of the letters that AWS's ids are made of. */
function base32(hex: string): string {
  return [...Buffer.from(hex, 'hex').subarray(0, 17)]
    .map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte & 31])
    .join('')
}

/** As far from the page's day as it is from now: in days, and from a year on in years, whose days differ. */
function dayOf(ms: number, nowMs: number): string {
  const years = Math.round((ms - nowMs) / YEAR_MS)
  const days = years === 0 ? Math.round((ms - nowMs) / DAY_MS) : 0
  return new Date(Date.UTC(TODAY.year + years, TODAY.month - 1, TODAY.day + days)).toISOString().slice(0, 10)
}
