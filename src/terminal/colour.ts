/** Colour on stderr: only on a terminal, and not if NO_COLOR is set (https://no-color.org). */

type Paint = (text: string) => string

export interface Paints {
  readonly on: boolean
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
}

/** @param live whether stderr is a terminal */
export function paintsFor(live: boolean, env: Readonly<Record<string, string | undefined>>): Paints {
  const on = live && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const paint =
    (code: number): Paint =>
    (text) =>
      on ? `\u001b[${code}m${text}\u001b[39m` : text
  return { on, red: paint(31), green: paint(32), yellow: paint(33) }
}
