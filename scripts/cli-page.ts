/** Puts what the operator's program prints into docs/cli.md. `npm run format` runs it, a test checks it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../src/operator/main.ts'
import { systemRuntime } from '../src/run/runtime.ts'
import { systemTerminal } from '../src/terminal/terminal.ts'
import { ROOT } from './checks/files.ts'
import { between } from './generated.ts'

/** Each command line that is a mark of the page, with its output. */
export async function withOutputs(page: string): Promise<string> {
  let made = page
  for (const [, line = ''] of page.matchAll(/^<!-- (iam-ra .*) -->$/gm)) {
    made = between(
      made,
      line,
      `\n\`\`\`console\n$ ${line}\n${await outputOf(line.split(' ').slice(1))}\`\`\`\n\n`,
    )
  }
  return made
}

async function outputOf(argv: readonly string[]): Promise<string> {
  let output = ''
  const write = (text: string): void => void (output += text)
  await main(
    {
      ...systemRuntime(process),
      argv,
      env: {},
      stdout: write,
      stderr: write,
      terminal: systemTerminal(process, {}, () => false),
      writeFile: () => Promise.reject(new Error('nothing is to be written')),
    },
    new AbortController().signal,
  )
  return output
}

if (import.meta.main) {
  const path = join(ROOT, 'docs/cli.md')
  writeFileSync(path, await withOutputs(readFileSync(path, 'utf8')))
}
