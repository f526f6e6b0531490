/** Asks a yes-or-no question. Ctrl-C, Ctrl-D and the end of the input are answers too. */
import { Writable } from 'node:stream'
import { confirm } from '@clack/prompts'

export interface Question {
  /** Without `[Y/n]`, which is added according to `initial`. */
  readonly text: string
  /** What Enter alone means. */
  readonly initial: boolean
  readonly signal: AbortSignal
}

export type Reply = 'yes' | 'no' | 'interrupted'

export interface Place {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  readonly columns: number
  readonly colour: boolean
}

interface Key {
  readonly name?: string
  readonly ctrl?: boolean
}

/** A colour: an SGR sequence of ECMA-48. */
const COLOUR = /\u001b\[[\d;]*m/g

/** @throws the signal's reason */
export async function askOn(place: Place, { text, initial, signal }: Question): Promise<Reply> {
  const { stdin } = place
  // Without it the prompt would wait forever after the end of the input.
  const end = new AbortController()
  const pressed = { interrupt: false }
  const onKey = (_text: string | undefined, { name, ctrl = false }: Key): void => {
    if (ctrl && name === 'c') pressed.interrupt = true
    if (ctrl && name === 'd') end.abort()
  }
  const onEnd = (): void => end.abort()
  outliveHangUp(place)
  stdin.on('keypress', onKey).on('end', onEnd).on('close', onEnd)
  try {
    const reply = await confirm({
      message: `${text} ${initial ? '[Y/n]' : '[y/N]'}`,
      initialValue: initial,
      input: stdin,
      output: outputOn(place),
      signal: AbortSignal.any([signal, end.signal]),
      withGuide: false,
    })
    signal.throwIfAborted()
    if (pressed.interrupt) return 'interrupted'
    return reply === true ? 'yes' : 'no'
  } finally {
    stdin.off('keypress', onKey).off('end', onEnd).off('close', onEnd)
  }
}

/** A closed terminal cannot be read, written or reset. These errors may come late, and SIGHUP reports the same anyway. */
function outliveHangUp({ stdin, stderr }: Place): void {
  for (const stream of [stdin, stderr]) stream.on('error', () => undefined)
  const setRawMode = stdin.setRawMode.bind(stdin)
  stdin.setRawMode = (mode) => {
    try {
      return setRawMode(mode)
    } catch {
      return stdin
    }
  }
}

/** stderr with a usable width. Removes the colours, which the library always writes, if they are not wanted. */
function outputOn({ stderr, columns, colour }: Place): Writable {
  const output = new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      stderr.write(colour ? text : String(text).replace(COLOUR, ''), () => done())
    },
  })
  return Object.assign(output, { columns, rows: stderr.rows || 24, isTTY: true })
}
