import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PAGES, sessionsOf } from './cli-page.ts'

const pages = suite('pages with shell lines')

for (const path of PAGES) {
  pages(`${basename(path)} shows what its lines print`, async () => {
    const page = readFileSync(path, 'utf8')
    assert.is(await sessionsOf(page), page, 'run node test/real/onboarding/cli-page.ts')
    assert.ok(/^<!-- \$ /m.test(page))
  })
}

pages.run()
