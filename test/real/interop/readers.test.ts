/** SDKs that others wrote, each by each of its ways, before the shipped file: which keys they find, and whom STS and S3 know. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askNew, eachOf, lackOf, tryPair, withNeeds, type Outcome } from './readers/pairs.ts'
import { specOf, TESTED_READERS, type ReaderName } from './readers/readers.ts'
import { startRunner, type Answer } from './readers/runner.ts'
import { makeScene, VARIATION_NAMES, VARIATIONS, type VariationName } from './readers/scene.ts'

interface Seen {
  readonly outcomes: ReadonlyMap<VariationName, Outcome>
  readonly used: Answer
}

const CHOSEN = VARIATION_NAMES.filter((name) => VARIATIONS[name].chosen)

// Not in a hook: uvu keeps to itself what one throws.
const scene = await makeScene()
const seen = await eachOf(TESTED_READERS, 2, askAll)

async function askAll(reader: ReaderName): Promise<Seen> {
  const runner = startRunner(reader)
  try {
    const outcomes = new Map<VariationName, Outcome>()
    for (const name of CHOSEN) {
      const { way } = VARIATIONS[name]
      const issued = (): typeof scene.stage.sessions.issued => scene.stage.sessions.issued
      outcomes.set(name, await tryPair(reader, runner, way, scene.told[name], issued))
    }
    const env = withNeeds(reader, 'file', scene.told.file)
    return { outcomes, used: await askNew(reader, runner, 'file', { ask: 'use', env }) }
  } finally {
    await runner.end()
  }
}

const readers = suite('SDKs that others wrote')
readers.after(() => scene.close())

for (const reader of TESTED_READERS) {
  for (const name of CHOSEN) {
    const lack = lackOf(reader, name)
    const needs = specOf(reader).needs?.[VARIATIONS[name].way]?.words
    const title = lack ?? (needs === undefined ? 'finds the keys' : `finds the keys with ${needs}`)
    readers(`${reader}, ${name}: ${title}`, () => {
      const outcome = seen.get(reader)?.outcomes.get(name)
      assert.ok(outcome)
      assert.is(outcome.found, lack === undefined, outcome.found ? 'it does by now' : outcome.why)
      if (outcome.found) assert.is(outcome.needs, needs)
    })
  }

  const uses = specOf(reader).uses ?? 'STS'
  if (uses === 'nothing') continue
  readers(`${reader}: ${uses} knows what it signs with the keys of the file`, () => {
    const used = seen.get(reader)?.used
    assert.ok(used)
    if (uses === 'S3') assert.equal(used.buckets, scene.stage.buckets, used.error)
    else assert.ok(isIssued(used.arn), used.error)
  })
}

function isIssued(arn: string | undefined): boolean {
  return scene.stage.sessions.issued.some(({ assumedRoleArn }) => assumedRoleArn === arn)
}

readers.run()
