import http from 'node:http'
import https from 'node:https'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, serverCertificate } from './authority.ts'
import { host, type Handler, type Hosted } from './http.ts'

const echo: Handler = ({ method, target, body }) => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain' },
  body: `${method} ${target} ${body.toString()}`,
})

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

function post(url: string, options: https.RequestOptions = {}): Promise<Answer> {
  const { request } = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ...options }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
    sent.on('error', reject)
    sent.end('hello')
  })
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
  return 'none'
}

const hosting = suite('host')
let open: Hosted[] = []

async function start(...parameters: Parameters<typeof host>): Promise<Hosted> {
  const hosted = await host(...parameters)
  open.push(hosted)
  return hosted
}

hosting.after.each(async () => {
  await Promise.all(open.map((hosted) => hosted.close()))
  open = []
})

hosting('hands the request over as it came and records it', async () => {
  const hosted = await start(echo)
  const answer = await post(`${hosted.url}/a%20b?c=%2F`, { headers: { 'X-Mixed-Case': 'v' } })
  assert.equal(answer, { status: 200, body: 'POST /a%20b?c=%2F hello' })
  const [recorded] = hosted.requests
  assert.is(recorded?.status, 200)
  assert.is(recorded?.request.path, '/a%20b')
  assert.is(recorded?.request.query, 'c=%2F')
  assert.ok(recorded?.request.headers.some(([name]) => name === 'X-Mixed-Case'))
  assert.is(recorded?.request.header('x-mixed-case'), 'v')
})

hosting('speaks https, and by IPv6', async () => {
  const authority = createAuthority({ commonName: 'TLS', nowMs: Date.now() })
  const tls = serverCertificate(authority, Date.now())
  for (const address of ['127.0.0.1', '::1'] as const) {
    const hosted = await start(echo, { tls, address })
    assert.match(hosted.url, /^https:\/\//)
    assert.is((await post(hosted.url, { ca: authority.pem })).status, 200)
    assert.is(await failureOf(post(hosted.url)), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  }
})

hosting('can be told to answer otherwise, to cut and to hang', async () => {
  const hosted = await start(echo)
  hosted.intercept = () => ({ status: 503, headers: { 'Retry-After': '1' }, body: '' })
  assert.is((await post(hosted.url)).status, 503)
  hosted.intercept = () => 'cut'
  assert.is(await failureOf(post(hosted.url)), 'ECONNRESET')
  const isHanging = new Promise<void>((resolve) => {
    hosted.intercept = () => {
      resolve()
      return 'hang'
    }
  })
  const hanging = failureOf(post(hosted.url))
  await isHanging
  hosted.intercept = undefined
  assert.is((await post(hosted.url)).status, 200)
  await hosted.close()
  assert.is(await hanging, 'ECONNRESET')
  assert.equal(
    hosted.requests.map(({ status }) => status),
    [503, undefined, undefined, 200],
  )
})

hosting('says so when it is the emulator that failed', async () => {
  const hosted = await start(() => {
    throw new TypeError('a bug')
  })
  assert.is((await post(hosted.url)).status, 599)
})

hosting.run()
