/** Whether a series of samples grows. */

/** The slope of the least-squares line, per sample. @throws RangeError below two samples */
export function slopeOf(samples: readonly number[]): number {
  if (samples.length < 2) throw new RangeError('a line needs two samples')
  const middle = (samples.length - 1) / 2
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  let [products, squares] = [0, 0]
  samples.forEach((sample, index) => {
    products += (index - middle) * (sample - mean)
    squares += (index - middle) ** 2
  })
  return products / squares
}
