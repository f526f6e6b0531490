/** What `serve` as built says to headers of proxies and browsers, byte by byte on the wire. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask, askContainer } from '../commands/reader.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { connect } from '../endpoint/raw-connection.ts'
import { endServing, servesLatest, startLongLived } from './long-lived.ts'

const stage: Stage = await startStage()

const senders = suite('e2e: senders')

senders(
  'a proxy or a browser gets nothing for a good token, and Node’s own fetch what it asks for',
  async () => {
    const serving = await startLongLived(stage, 'serve')
    await serving.shows('serving credentials')
    const { port } = serving
    for (const line of [
      'Origin: http://127.0.0.1:' + String(port),
      'origin:',
      'SEC-FETCH-SITE: same-origin',
      'Sec-Fetch-Site: none\r\nSec-Fetch-Site: none',
      'Forwarded: for=10.0.0.1',
      'Via: 1.1 proxy',
      'via: \t ',
      'Via: 1.1 a\r\nvia: 1.1 b',
      'X-Forwarded-Host: a.example',
      'Referer: http://a.example/',
    ]) {
      const connection = await connect(port)
      connection.send(
        `GET /v1/credentials HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${serving.token()}\r\n${line}\r\nConnection: close\r\n\r\n`,
      )
      const answer = await connection.closed()
      assert.match(answer, /^HTTP\/1\.1 403 /, line)
      assert.not.match(answer, 'SecretAccessKey', line)
    }
    assert.ok(await servesLatest(stage, serving))
    // As the global `fetch` of Node 26 sends it.
    const { status, body } = await ask(port, '/v1/credentials', {
      headers: {
        accept: '*/*',
        'accept-language': '*',
        'sec-fetch-mode': 'cors',
        'user-agent': 'node',
        Authorization: serving.token(),
      },
    })
    assert.is(status, 200)
    assert.is(body, (await askContainer(port, serving.token())).body)
    await endServing(stage, serving)
  },
)

senders.after(() => stage.close())
senders.run()
