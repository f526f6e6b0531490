import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startProgress } from '../../src/terminal/progress.ts'
import { fakeClock } from '../support/fake-runtime.ts'

const progress = suite('progress')

/** Lets what a clock has woken run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

progress('says each second what is waited for, on one line that is then taken away', async () => {
  const clock = fakeClock(0)
  const shown: string[] = []
  const waiting = startProgress(
    { terminal: { live: true, columns: 80 }, clock, stderr: (text) => shown.push(text) },
    'the Deployment',
  )
  await turn()
  clock.advance(1000)
  await turn()
  waiting.awaits('the Deployment')
  waiting.awaits('the pod')
  clock.advance(1000)
  await turn()
  waiting.end()
  clock.advance(5000)
  await turn()
  const lines = ['the Deployment (0 s)', 'the Deployment (1 s)', 'the pod (0 s)', 'the pod (1 s)']
  assert.equal(shown, [...lines.map((line) => `\r\u001b[Kwaiting for ${line}`), '\r\u001b[K'])
})

progress('never wraps, and says nothing where nobody sits', () => {
  const shown: string[] = []
  const stderr = (text: string): void => void shown.push(text)
  startProgress({ terminal: { live: true, columns: 20 }, clock: fakeClock(0), stderr }, 'x'.repeat(99)).end()
  assert.equal(shown, [`\r\u001b[Kwaiting for ${'x'.repeat(7)}`, '\r\u001b[K'])
  shown.length = 0
  const off = startProgress({ terminal: { live: false, columns: 80 }, clock: fakeClock(0), stderr }, 'a pod')
  off.awaits('another')
  off.end()
  assert.equal(shown, [])
})

progress.run()
