/** An answer as it goes over the wire. */
import type { Answer } from './answer.ts'

/** RFC 9110 15, the ones used here. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
}

export interface AnswerForm {
  /** For HEAD. */
  readonly headOnly: boolean
  /** How long the connection waits for another request; undefined: it is closed. */
  readonly keepSeconds: number | undefined
  readonly nowMs: number
}

export function answerBytes(answer: Answer, { headOnly, keepSeconds, nowMs }: AnswerForm): Buffer {
  const connection =
    keepSeconds === undefined
      ? 'Connection: close'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${keepSeconds}`
  return Buffer.from(
    `${headOf(answer)}Date: ${dateOf(nowMs)}\r\n${connection}\r\n\r\n${headOnly ? '' : answer.body}`,
  )
}

/** Most answers are given again and again. */
const heads = new WeakMap<Answer, string>()

function headOf(answer: Answer): string {
  let head = heads.get(answer)
  if (head === undefined) {
    const { status, headers } = answer
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${lines.join('')}`
    heads.set(answer, head)
  }
  return head
}

let said = { second: Number.NaN, date: '' }

/** Formatted once a second: RFC 9110 5.6.7 has no finer resolution. */
function dateOf(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (said.second !== second) said = { second, date: new Date(second * 1000).toUTCString() }
  return said.date
}
