/** A question that is answered by yes or no. Ctrl-C, Ctrl-D and the end of the input are answers too. */
import { Writable } from 'node:stream'
import { confirm } from '@clack/prompts'

export interface Question {
  /** Without the `[Y/n]`, which follows from `initial`. */
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

/** Colours, as ECMA-48 has them (SGR). */
const COLOUR = /\u001b\[[\d;]*m/g

/** @throws the signal's reason */
export async function askOn(place: Place, { text, initial, signal }: Question): Promise<Reply> {
  const { stdin } = place
  // The prompt waits for ever once there is nothing more to read.
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

/** Of a terminal that has gone nothing can be read, written or set back. Some of it fails late, and SIGHUP says it anyway. */
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

/** stderr with a width that is one, and without the colours that the library always writes. */
function outputOn({ stderr, columns, colour }: Place): Writable {
  const output = new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      stderr.write(colour ? text : String(text).replace(COLOUR, ''), () => done())
    },
  })
  return Object.assign(output, { columns, rows: stderr.rows || 24, isTTY: true })
}
