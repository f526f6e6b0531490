/** Compressed bodies. We do not ask for them, but a server or a proxy may send them anyway (RFC 9110, section 12.5.3). */
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { codeOf } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import { TransportError } from './transport-error.ts'

type Decoder = (body: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>

const gunzip: Decoder = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)

/** RFC 9110, section 8.4.1, and RFC 8478. */
const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  // Some servers omit the zlib format's two header bytes, and all clients accept that. The first one contains method 8.
  deflate: (body, options) =>
    promisify<Buffer, zlib.ZlibOptions, Buffer>(
      ((body[0] ?? 0) & 0x0f) === 8 ? zlib.inflate : zlib.inflateRaw,
    )(body, options),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
  zstd: (body, options) =>
    promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)(body, options as zlib.ZstdOptions),
}

/**
 * @param codings in the order in which they were applied
 * @throws TransportError if the body cannot be decoded, or is larger than `limit` when decoded
 */
export async function decode(body: Buffer, codings: readonly string[], limit: number): Promise<Buffer> {
  let decoded = body
  // An answer without a body may name the coding that its body would have.
  if (body.byteLength === 0) return body
  for (const coding of codings.toReversed()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
    if (decoder === undefined) {
      const name = foreignText(coding)
      throw new TransportError(
        'not-http',
        'ECODING',
        `its answer is encoded as ${name}, which was not requested`,
      )
    }
    try {
      decoded = await decoder(decoded, { maxOutputLength: limit })
    } catch (error) {
      throw codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
        ? new TransportError('too-large', 'E2BIG', 'the answer is larger than 1 MiB', error)
        : new TransportError(
            'not-http',
            'ECODING',
            `its answer claims to be ${coding} but cannot be decoded`,
            error,
          )
    }
  }
  return decoded
}
