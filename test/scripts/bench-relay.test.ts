import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startRelay } from '../../scripts/bench/relay.ts'

const relaying = suite('counting relay of the bench')

/** Answers each chunk with twice as many bytes. */
const server = net.createServer((socket) => {
  socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([chunk, chunk])))
  socket.on('end', () => socket.end())
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
process.on('exit', () => server.close())
server.unref()

/** Sends, waits for the answer of so many bytes, and ends. */
async function talk(url: string, text: string): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString()
    if (answer.length === 2 * text.length) socket.end()
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

relaying('it hands everything on and counts connections and bytes of both ways', async () => {
  const relay = await startRelay(`https://127.0.0.1:${port}`)
  try {
    assert.ok(relay.url.startsWith('https://127.0.0.1:'))
    assert.is(await talk(relay.url, 'hello'), 'hellohello')
    assert.is(await talk(relay.url, 'you'), 'youyou')
    assert.equal(relay.traffic(), { connections: 2, sent: 8, received: 16 })
  } finally {
    await relay.close()
  }
})

relaying('where the server is gone the client is hung up on', async () => {
  const gone = net.createServer()
  gone.listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const dead = (gone.address() as AddressInfo).port
  gone.close()
  await once(gone, 'close')
  const relay = await startRelay(`http://127.0.0.1:${dead}`)
  try {
    assert.is(await talk(relay.url, 'hello').catch(() => ''), '')
  } finally {
    await relay.close()
  }
})

relaying.run()
