/** A listener in use by a test, and connections to it. */
import * as assert from 'uvu/assert'
import type { ListenerProcess } from './listener-process.ts'
import { connect, type RawConnection } from './raw-connection.ts'

export const HOST = 'Host: 127.0.0.1\r\n'
export const REQUEST = `GET / HTTP/1.1\r\n${HOST}\r\n`
export const ANSWERED = /HTTP\/1\.1 200 OK\r\n/

/** Ends the process whatever the test found. */
export async function using(
  started: Promise<ListenerProcess>,
  run: (one: ListenerProcess) => Promise<void>,
): Promise<void> {
  const one = await started
  let code: number | null
  try {
    await run(one)
  } finally {
    code = await one.end()
  }
  assert.is(code, 0, 'a closed listener keeps no process running')
}

export function to({ started }: ListenerProcess, host?: string): Promise<RawConnection> {
  return connect(started.port ?? 0, host)
}

/** One that asked once, was answered, and stays open. */
export async function asked(listening: ListenerProcess): Promise<RawConnection> {
  const connection = await to(listening)
  connection.send(REQUEST)
  await connection.receive(ANSWERED)
  return connection
}
