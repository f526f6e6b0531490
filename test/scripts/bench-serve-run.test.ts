/** A run of the bench of `serve` with next to nothing of each, and the page that the last whole one wrote. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { benchServe, QUICK } from '../../scripts/bench/serve.ts'
import { resultsOf, withBlocks } from '../../scripts/bench/lab.ts'
import { SERVE_PAGE, summary } from '../../scripts/bench/serve/page.ts'
import { ROOT } from '../../scripts/checks/files.ts'

const page = suite('docs/lab/serve.md')

page('its tables are those of docs/lab/serve.json', () => {
  const text = readFileSync(SERVE_PAGE.page, 'utf8')
  assert.is(withBlocks(text, SERVE_PAGE.blocks(resultsOf(SERVE_PAGE))), text)
})

// Memory is read from /proc.
if (process.platform === 'linux') {
  page('is filled by a short run of the shipped file', async () => {
    const counts = { ...QUICK, renewals: 3, otherRenewals: 0, idleSeconds: 0 }
    const results = await benchServe(join(ROOT, 'dist/aws-iam-ra'), counts, () => undefined)
    const { requests, memory, children, renewals, others } = results
    assert.is(requests.container.sixteen.requests, QUICK.requests.sixteen)
    assert.ok(memory.start.rss > 0 && memory.idleAgain.peak >= memory.ready.rss)
    assert.is(renewals.rss.length, 3)
    const [child] = children
    // Of a renewal's process, and not of the one that started it.
    assert.ok(child !== undefined && child.peak > memory.ready.rss)
    assert.ok(child.anonymousTogether > memory.ready.anonymous)
    assert.is(others.renew.medianMs, undefined)
    assert.not.match(summary(results), /undefined|NaN/)
  })
}

page.run()
