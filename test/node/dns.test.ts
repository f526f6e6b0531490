import { Resolver } from 'node:dns/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answerDns, startDns } from './dns.ts'

const dns = suite('DNS of the node')

const ADDRESSES = new Map([['vault.vault.svc.cluster.local', '10.88.0.1']])
const A = 1
const AAAA = 28

function query(name: string, type: number, flags = 0x0100): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)])
  const tail = Buffer.from([0, 0, type, 0, 1])
  const header = Buffer.from([0x12, 0x34, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, ...labels, tail])
}

const codeOf = (answer: Buffer | undefined): number => (answer?.[3] ?? 0xff) & 0x0f
const codeOfError = (error: unknown): unknown => (error as { code?: unknown }).code
const countOf = (answer: Buffer | undefined): number => answer?.readUInt16BE(6) ?? -1

dns('a name that it knows has its address', () => {
  const answer = answerDns(query('vault.vault.svc.cluster.local', A), ADDRESSES)
  assert.is(answer?.readUInt16BE(0), 0x1234, 'the id of the question')
  assert.is(codeOf(answer), 0)
  assert.is(countOf(answer), 1)
  assert.equal([...(answer?.subarray(-4) ?? [])], [10, 88, 0, 1])
})

dns('letter case does not matter', () => {
  assert.is(countOf(answerDns(query('VAULT.vault.SVC.cluster.local', A), ADDRESSES)), 1)
})

dns('a name that it knows has no IPv6 address, and exists all the same', () => {
  const answer = answerDns(query('vault.vault.svc.cluster.local', AAAA), ADDRESSES)
  assert.is(codeOf(answer), 0)
  assert.is(countOf(answer), 0)
})

dns('any other name does not exist, so that the search list goes on', () => {
  const answer = answerDns(query('vault.vault.svc.cluster.local.frontend.svc.cluster.local', A), ADDRESSES)
  assert.is(codeOf(answer), 3)
  assert.is(countOf(answer), 0)
  assert.is(codeOf(answerDns(query('constructor', A), ADDRESSES)), 3)
})

dns('what is no question gets no answer', () => {
  const whole = query('vault.vault.svc.cluster.local', A)
  for (const length of [0, 5, 12, 20, whole.length - 1]) {
    assert.is(answerDns(whole.subarray(0, length), ADDRESSES), undefined, `${length} bytes`)
  }
  assert.is(answerDns(query('vault.vault.svc.cluster.local', A, 0x8180), ADDRESSES), undefined, 'an answer')
})

dns('an operation other than a question is not implemented', () => {
  assert.is(codeOf(answerDns(query('vault.vault.svc.cluster.local', A, 0x2800), ADDRESSES)), 4)
})

dns('a resolver that others wrote takes its answers', async () => {
  const server = await startDns(ADDRESSES, '127.0.0.1', 0)
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${server.port}`])
  try {
    assert.equal(await resolver.resolve4('vault.vault.svc.cluster.local'), ['10.88.0.1'])
    const code = await resolver.resolve4('elsewhere.test').catch((error: unknown) => codeOfError(error))
    assert.is(code, 'ENOTFOUND')
  } finally {
    await server.close()
  }
})

dns.run()
