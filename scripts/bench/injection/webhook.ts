/**
 * A minimal webhook as a process of its own: it checks nothing and answers every pod that asks with the same additions.
 * Its certificate comes by message, so that none is written to disk.
 */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Pod } from '../../../test/real/injection/cluster.ts'
import { patchOf, type Added } from './patch.ts'

export interface Setup {
  readonly key: string
  readonly cert: string
  readonly added: Added
}

interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly request: { readonly uid: string; readonly object: Pod }
}

function answerTo({ apiVersion, kind, request: { uid, object } }: Review, added: Added): string {
  const annotations = object.metadata.annotations ?? {}
  const isInjected = 'iam-ra/injected' in annotations
  const patch = 'iam.amazonaws.com/role' in annotations && !isInjected ? patchOf(object, added) : []
  const patched = { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
  return JSON.stringify({
    ...{ apiVersion, kind },
    response: { uid, allowed: true, ...(patch.length === 0 ? {} : patched) },
  })
}

function serve({ key, cert, added }: Setup): void {
  const server = createServer({ key, cert, keepAliveTimeout: 60_000 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = answerTo(JSON.parse(Buffer.concat(chunks).toString()) as Review, added)
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(answer),
      })
      response.end(answer)
    })
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

process.once('message', (setup) => serve(setup as Setup))
process.once('disconnect', () => process.exit())
