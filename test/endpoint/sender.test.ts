/** Who is refused for a header that no SDK sends, and who is not. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createHealth } from '../../src/endpoint/health.ts'
import { CREDENTIALS, endpoint, request, TOKEN, type Sent } from './request.ts'

type Headers = NonNullable<Sent['headers']>

const sender = suite('senders of the endpoint')

const PROXIES = [
  'Client-IP',
  'WL-Proxy-Client-IP',
  'Fastly-Client-IP',
  'X-Azure-ClientIP',
  'X-Azure-SocketIP',
  'X-Vercel-Forwarded-For',
  'Ali-CDN-Real-IP',
  'X-Remote-Addr',
  'X-Originating-IP',
  'X-Amz-Cf-Id',
  'CF-Ray',
  'Forwarded',
  'Via',
  'X-Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-Forwarded-Prefix',
  'X-Original-Forwarded-For',
  'X-Original-Host',
  'X-Original-URL',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'X-Envoy-External-Address',
  'True-Client-IP',
  'CF-Connecting-IP',
  'CDN-Loop',
  'Proxy-Connection',
  'Proxy-Authorization',
]
const BROWSERS = [
  'Upgrade-Insecure-Requests',
  'DNT',
  'Service-Worker',
  'Ping-To',
  'Origin',
  'Referer',
  'Sec-Fetch-Site',
  'Sec-Fetch-Dest',
  'Sec-Fetch-User',
  'Sec-CH-UA',
  'Sec-GPC',
  'Sec-WebSocket-Key',
  'Access-Control-Request-Method',
  'Access-Control-Request-Headers',
  'Access-Control-Request-Private-Network',
]

/** Each path of the endpoint, with what makes its answer a 200. */
function goodRequests(): {
  readonly ask: (sent: Sent) => ReturnType<ReturnType<typeof endpoint>['ask']>
  readonly all: readonly Sent[]
} {
  const { ask, session } = endpoint()
  const roles = '/latest/meta-data/iam/security-credentials/'
  const all: readonly Sent[] = [
    { target: '/v1/credentials', headers: [['Authorization', TOKEN]] },
    {
      method: 'PUT',
      target: '/latest/api/token',
      headers: [['X-aws-ec2-metadata-token-ttl-seconds', '60']],
    },
    { target: roles, headers: [session()] },
    { target: `${roles}reader`, headers: [session()] },
  ]
  return { ask, all }
}

function forms(name: string): readonly (readonly [form: string, headers: Headers])[] {
  return [
    ['as it is written', [[name, 'same-origin']]],
    ['in small letters', [[name.toLowerCase(), 'http://127.0.0.1:9911']]],
    ['in capitals', [[name.toUpperCase(), 'none']]],
    ['with nothing in it', [[name, '']]],
    [
      'given twice',
      [
        [name, 'none'],
        [name.toLowerCase(), ''],
      ],
    ],
  ]
}

for (const [names, where] of [
  [PROXIES, 'through a proxy'],
  [BROWSERS, 'from a browser'],
] as const) {
  for (const name of names) {
    sender(`${name}: 403 at every path, in every form, before and after the others`, () => {
      for (const [form, extra] of forms(name)) {
        const { ask, all } = goodRequests()
        for (const sent of all) {
          assert.is(ask(sent).status, 200)
          for (const headers of [
            [...extra, ...(sent.headers ?? [])],
            [...(sent.headers ?? []), ...extra],
          ]) {
            const { status, body } = ask({ ...sent, headers })
            assert.is(status, 403, `${sent.target} ${form}`)
            const { message } = JSON.parse(body) as { readonly message: string }
            assert.match(
              message,
              new RegExp(`^requests with the [a-z-]+\\*? header are refused: ask directly, not ${where}$`),
            )
            assert.not.match(body, CREDENTIALS.secretAccessKey)
          }
        }
      }
    })
  }
}

sender('a page’s preflight is refused, before its method is', () => {
  const { ask } = endpoint()
  const headers = [['Access-Control-Request-Method', 'GET'] as const]
  assert.is(ask({ method: 'OPTIONS', target: '/v1/credentials', headers }).status, 403)
})

/** Of SDKs, of tracing that instruments their clients, and of Node's own fetch. */
const SENT: Headers = [
  ['Accept', '*/*'],
  ['Accept-Encoding', 'gzip, deflate'],
  ['Accept-Language', '*'],
  ['Cache-Control', 'no-cache'],
  ['Connection', 'keep-alive'],
  ['Content-Length', '0'],
  ['Content-Type', 'application/json'],
  ['Cookie', 'another-port=1'],
  ['Pragma', 'no-cache'],
  ['Sec-Fetch-Mode', 'cors'],
  ['User-Agent', 'aws-sdk-java/2.31.0'],
  ['X-Amz-User-Agent', 'aws-sdk-js/2.1692.0'],
  ['X-Amzn-Trace-Id', 'Root=1-5759e988-bd862e3fe1be46a994272793'],
  ['amz-sdk-invocation-id', '6a7f0d0e'],
  ['amz-sdk-request', 'attempt=1'],
  ['baggage', 'a=b'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  ['tracestate', 'a=b'],
  ['x-b3-traceid', '463ac35c9f6413ad'],
  // Names that only begin alike.
  ['Viaduct', '1'],
  ['Original', '1'],
  ['Forwarding', '1'],
  ['Secret', '1'],
  ['X-Forwarding', '1'],
]
for (const header of SENT) {
  sender(`${header[0]}: no reason to refuse`, () => {
    const { ask, all } = goodRequests()
    for (const sent of all) {
      assert.is(ask({ ...sent, headers: [...(sent.headers ?? []), header] }).status, 200)
    }
  })
}

sender('the health port answers whoever asks, since proxies may stand before it', () => {
  const handler = createHealth({
    status: () => ({ succeeded: 1, failed: 0 }),
    current: () => CREDENTIALS,
    requests: () => [],
  })
  for (const name of [...PROXIES, ...BROWSERS]) {
    for (const target of ['/livez', '/readyz', '/metrics']) {
      const headers = [['Host', '10.1.2.3:9912'] as const, [name, 'x'] as const]
      assert.is(handler(request({ target, headers })).status, 200)
    }
  }
})

sender.run()
