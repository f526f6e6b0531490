import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { distanceText } from '../../src/inspection/instant.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)

const moments = suite('moments')

moments('are so far away', () => {
  const texts = [0, 1400, 119_000, 120_000, 7_100_000, 7_200_000, 172_800_000, -3000].map((ms) =>
    distanceText(new Date(NOW_MS + ms), NOW_MS),
  )
  assert.equal(texts, [
    'in 0 s',
    'in 1 s',
    'in 119 s',
    'in 2 min',
    'in 118 min',
    'in 2 h',
    'in 2 d',
    '3 s ago',
  ])
})

moments.run()
