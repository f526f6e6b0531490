/** One request on a connection of its own, as a pod that has just started makes it. */
import http from 'node:http'

export interface Request {
  readonly url: URL
  readonly token?: string
  /** Sent by POST. */
  readonly body?: string
  /** The pod's address. */
  readonly from?: string
}

/** @returns the status, once the whole answer is there */
export function ask({ url, token, body, from }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ method: body === undefined ? 'GET' : 'POST', agent: false },
      ...(from !== undefined && { localAddress: from }),
      headers: token === undefined ? {} : { Authorization: token },
    }
    const request = http.request(url, options, (response) => {
      response.resume()
      response.on('error', reject)
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', reject)
    request.end(body)
  })
}
