import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CLI_PAGE, sessionsOf } from './cli-page.ts'

const cli = suite('docs/cli.md')

cli('shows what its shell lines print', async () => {
  const page = readFileSync(CLI_PAGE, 'utf8')
  assert.is(await sessionsOf(page), page, 'run node test/real/onboarding/cli-page.ts')
  assert.ok(/^<!-- \$ /m.test(page))
})

cli.run()
