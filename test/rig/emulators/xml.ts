/** XML answers of AWS's query protocol and of S3. */
import { randomUUID } from 'node:crypto'
import type { EmulatorResponse } from './http.ts'

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** `<Name>text</Name>` for each entry, nested where a value is an array of entries. */
export type Element = readonly [name: string, content: string | readonly Element[]]

export function elements(list: readonly Element[]): string {
  return list
    .map(
      ([name, content]) =>
        `<${name}>${typeof content === 'string' ? escapeXml(content) : elements(content)}</${name}>`,
    )
    .join('')
}

export function xmlAnswer(
  status: number,
  type: 'text/xml' | 'application/xml',
  headers: Readonly<Record<string, string>>,
  body: string,
): EmulatorResponse {
  return {
    status,
    headers: { 'Content-Type': type, ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  }
}

/** A refusal of the query protocol, IAM's and STS's. */
export function queryRefusal(
  namespace: string,
  status: number,
  code: string,
  message: string,
): EmulatorResponse {
  const error = elements([
    [
      'Error',
      [
        ['Type', status < 500 ? 'Sender' : 'Receiver'],
        ['Code', code],
        ['Message', message],
      ],
    ],
    ['RequestId', randomUUID()],
  ])
  return xmlAnswer(
    status,
    'text/xml',
    { 'x-amzn-RequestId': randomUUID() },
    `<ErrorResponse xmlns="${namespace}">${error}</ErrorResponse>`,
  )
}
