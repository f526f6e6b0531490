import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AGENT_PAGE } from '../../scripts/bench/agent/page.ts'
import { FLOOD_PAGE } from '../../scripts/bench/flood/page.ts'
import { resultsOf, withBlocks } from '../../scripts/bench/lab.ts'
import { RUN_PAGE } from '../../scripts/bench/page.ts'
import { measured } from '../../scripts/bench/pages.ts'
import type { Results } from '../../scripts/bench/results.ts'
import { SUMMARY_PAGE, summaryBlocks } from '../../scripts/bench/summary.ts'
import { markdown, number, scenarioTable, sizeTable, wireTable } from '../../scripts/bench/table.ts'

const page = suite('docs/lab/run.md')

const results = resultsOf(RUN_PAGE)
const text = readFileSync(RUN_PAGE.page, 'utf8')

const withResults = (on: string, of: Results): string => withBlocks(on, RUN_PAGE.blocks(of))

page('its tables are those of docs/lab/run.json', () => {
  assert.is(withResults(text, results), text)
})

page('the tables of docs/lab/agent.md are those of its data', () => {
  const agents = readFileSync(AGENT_PAGE.page, 'utf8')
  assert.is(withBlocks(agents, AGENT_PAGE.blocks(resultsOf(AGENT_PAGE))), agents)
})

page('a page without a place for a table is refused', () => {
  assert.throws(
    () => withResults(text.replace('<!-- bench-wire -->', ''), results),
    /no section marked bench-wire/,
  )
})

page('emulators alone are said to be so', () => {
  assert.match(withResults(text, { ...results, servers: 'emulated' }), /emulators only/)
})

page('where nothing could be measured there are words instead of a table', () => {
  const bare = withResults(text, { ...results, containerMiB: {}, sizes: [] })
  assert.match(bare, /Not measured: it needs root/)
  assert.match(bare, /Not measured here/)
})

const samples = { every: 1, cpuMs: [5, 5], readMB: [1.5, 2.5] }
const scenario = {
  scheme: 'http',
  key: 'ec-p256',
  samples: {
    ours: { ...samples, wallMs: [30, 50], peakMiB: [50, 50] },
    floor: { ...samples, wallMs: [10, 20], peakMiB: [40, 40] },
  },
} as const

page('a scenario is a table with medians, quartiles and ratios to the floor', () => {
  assert.is(
    scenarioTable(scenario),
    `| program | wall, ms | CPU, ms | peak memory, MiB | wall, × floor | memory, × floor | runs |
| --- | --: | --: | --: | --: | --: | --: |
| \`aws-iam-ra\` | 40.0 (35.0–45.0) | 5.0 | 50.0 (50.0–50.0) | 2.75 | 1.25 | 2 |
| the floor | 15.0 (12.5–17.5) | 5.0 | 40.0 (40.0–40.0) | 1.00 | 1.00 | 2 |
`,
  )
})

page('without a floor there are no ratios, and the disk has its own column', () => {
  const { ours } = scenario.samples
  const [head] = scenarioTable({ ...scenario, samples: { ours } }, true).split('\n')
  assert.is(head, '| program | wall, ms | CPU, ms | peak memory, MiB | read from disk, MB | runs |')
})

page('bytes are shown as kB on the wire and MB in a registry', () => {
  const vault = { connections: 1, sent: 2049, received: 4300 }
  const aws = { connections: 2, sent: 999, received: 0 }
  const [, , wire] = wireTable([{ subject: 'floor', scheme: 'https', vault, aws }]).split('\n')
  assert.is(wire, '| the floor | https | 1 | 2.0 / 4.3 | 2 | 1.0 / 0.0 |')
  const [, , size] = sizeTable([{ what: 'it', raw: 1e8, zstd: 4.24e7, gzip: 5.4e7 }]).split('\n')
  assert.is(size, '| it | 100.0 | 42.4 | 54.0 |')
})

page('numbers have the digits that count', () => {
  assert.equal([number(3.14159), number(99.94), number(416.2)], ['3.1', '99.9', '416'])
  assert.is(markdown(['a', 'b'], [['c', 'd']]), '| a | b |\n| --- | --: |\n| c | d |\n')
})

page.run()

const floods = suite('docs/lab/floods.md')

floods('its tables are those of docs/lab/floods.json', () => {
  const page = readFileSync(FLOOD_PAGE.page, 'utf8')
  assert.is(withBlocks(page, FLOOD_PAGE.blocks(resultsOf(FLOOD_PAGE))), page)
})

floods.run()

const summary = suite('docs/performance.md')

summary('its tables are those of docs/lab and of the manifests', () => {
  const users = readFileSync(SUMMARY_PAGE, 'utf8')
  assert.is(withBlocks(users, summaryBlocks(measured())), users)
})

summary('it says what was not measured, and not 0', () => {
  const all = measured()
  const { ours } = all.run.scenarios.job.samples
  const job = { ...all.run.scenarios.job, samples: { ours } }
  const run = { ...all.run, containerMiB: {}, scenarios: { ...all.run.scenarios, job } } as Results
  const { start = '', memory = '' } = summaryBlocks({ ...all, run })
  assert.match(start, /\| Vault over http \| [\d.]+ \| [\d.]+ \| – \| – \|/)
  assert.match(memory, /\| one run \| – \| [\d.]+ \|/)
})

summary.run()
