import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { timesBase, type Samples } from '../../scripts/bench/results.ts'
import { medianInterval, quantile, ratios, summarize } from '../../scripts/bench/statistics.ts'

const statistics = suite('statistics of the bench')

statistics('the median of an odd number of samples is the middle one, whatever their order', () => {
  assert.is(quantile([9, 1, 5], 0.5), 5)
})

statistics('between two samples a quantile is linear', () => {
  assert.is(quantile([1, 2, 3, 4], 0.5), 2.5)
  assert.is(quantile([0, 10], 0.25), 2.5)
  assert.is(quantile([0, 10], 0), 0)
  assert.is(quantile([0, 10], 1), 10)
})

statistics('numbers are not sorted as text', () => {
  assert.is(quantile([10, 9, 8], 0.5), 9)
})

statistics('there is no median of nothing', () => {
  assert.throws(() => quantile([], 0.5), RangeError)
})

statistics('a summary has the quartiles', () => {
  assert.equal(summarize([1, 2, 3, 4, 5]), { count: 5, median: 3, low: 2, high: 4 })
})

statistics('the interval of a median leaves out as many samples as chance allows', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_none, index) => count - index)
  assert.equal(medianInterval(upTo(20)), [6, 15])
  assert.equal(medianInterval(upTo(21)), [6, 16])
  assert.equal(medianInterval(upTo(6)), [1, 6])
  assert.equal(medianInterval([3, 1, 2]), [1, 3])
  assert.throws(() => medianInterval([]), RangeError)
})

statistics('ratios are taken round by round, so that a slow round cancels out', () => {
  assert.is(ratios([20, 200, 30], [10, 100, 15]).median, 2)
  assert.throws(() => ratios([1], [1, 2]), RangeError)
})

statistics('a subject that ran in every third round is compared with the same rounds of the other', () => {
  const slow = samples(3, [10, 40])
  const base = samples(1, [1, 100, 100, 4, 100, 100])
  assert.equal(timesBase(slow, base, 'wallMs'), { count: 2, median: 10, low: 10, high: 10 })
  assert.is(timesBase(slow, undefined, 'wallMs'), undefined)
})

function samples(every: number, wallMs: readonly number[]): Samples {
  return { every, wallMs, cpuMs: wallMs, peakMiB: wallMs, readMB: wallMs }
}

statistics.run()
