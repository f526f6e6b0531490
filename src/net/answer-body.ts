/** The text of an answer. */
import type { IncomingHttpHeaders } from 'node:http'

/** Expected answers are a few KiB; a certificate with its chain is far smaller than this. */
export const MAX_BODY_BYTES = 1024 * 1024

/**
 * A byte order mark is not part of the text (RFC 8259, section 8.1).
 * @throws TransportError if the body cannot be decoded
 */
export async function readBody(bytes: Buffer, headers: IncomingHttpHeaders): Promise<string> {
  const codings = codingsOf(headers)
  const plain = codings.length === 0 && !isGzip(bytes) ? bytes : await decoded(bytes, codings)
  return plain.toString('utf8').replace(/^\uFEFF/, '')
}

/** The decoders are loaded only for the few answers that need them. */
async function decoded(bytes: Buffer, codings: readonly string[]): Promise<Buffer> {
  const { decode } = await import('./content-coding.ts')
  return decode(bytes, codings.length === 0 ? ['gzip'] : codings, MAX_BODY_BYTES)
}

/** In the order in which they were applied. */
function codingsOf(headers: IncomingHttpHeaders): string[] {
  return [headers['content-encoding'], headers['transfer-encoding']]
    .flatMap((value) => value?.toLowerCase().split(',') ?? [])
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity' && coding !== 'chunked')
}

/** No text begins like this, and some gateways remove the header but keep the coding (RFC 1952, section 2.3.1). */
function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
