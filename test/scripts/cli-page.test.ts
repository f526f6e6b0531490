import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packageJson, ROOT } from '../../scripts/checks/files.ts'
import { withOutputs } from '../../scripts/cli-page.ts'
import { completionScript } from '../../src/operator/completion.ts'

const cli = suite('docs/cli.md')
const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8')

cli('has what the program prints', async () => {
  assert.is(await withOutputs(page), page, 'run node scripts/cli-page.ts')
  assert.ok([...page.matchAll(/^\$ iam-ra /gm)].length >= 5)
})

cli('names the package as it is built', () => {
  assert.match(page, `/iam-ra-${packageJson().version}.tgz`)
})

cli('has the line that each shell takes completion by, as the script itself says it', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const [, line = ''] = /: ([^:\n]*iam-ra completion \w+[^\n]*)$/m.exec(completionScript(shell)) ?? []
    assert.ok(line !== '' && page.includes(line), `${shell}: ${line}`)
  }
})

cli.run()
