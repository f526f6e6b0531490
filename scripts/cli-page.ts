/** Writes the operator's program's output into docs/cli.md. `npm run format` runs it, and a test checks it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../src/operator/main.ts'
import { systemRuntime } from '../src/run/runtime.ts'
import { systemTerminal } from '../src/terminal/terminal.ts'
import { ROOT } from './checks/files.ts'
import { between } from './generated.ts'

/** Replaces the text between each pair of marks with the command line that the mark names, and its output. */
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
      writeFile: () => Promise.reject(new Error('nothing must be written')),
      run: () => Promise.reject(new Error('nothing must be run')),
    },
    new AbortController().signal,
  )
  return output
}

if (import.meta.main) {
  const path = join(ROOT, 'docs/cli.md')
  writeFileSync(path, await withOutputs(readFileSync(path, 'utf8')))
}
