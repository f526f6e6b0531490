/**
 * A program of its own: the least that can answer, so that what is above it is the price of the endpoint and what is
 * below it that of the load. It answers whatever comes with a body of as many bytes as its argument says.
 */
import { createServer, type AddressInfo } from 'node:net'

const body = 'x'.repeat(Number(process.argv[2]))
const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n`
const kept = `${answer}\r\n${body}`
const last = `${answer}Connection: close\r\n\r\n${body}`

const server = createServer({ noDelay: true }, (socket) => {
  socket.setEncoding('latin1')
  socket.on('error', () => undefined)
  // A request of the load is one segment on loopback.
  socket.on('data', (request: string) => {
    if (request.includes('Connection: close')) socket.end(last, 'latin1')
    else socket.write(kept, 'latin1')
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stderr.write(`port ${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
