/**
 * Writes the operator's program's output into docs/cli.md: of lines that need no server. `npm run format` runs it, and a test
 * checks it. test/real/onboarding/cli-page.ts writes the others.
 */
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
    made = between(made, line, example(line, await outputOf(line.split(' ').slice(1))))
  }
  return made
}

interface Ran {
  readonly code: number | null
  /** What a terminal shows: both streams. */
  readonly output: string
}

/**
 * Runs the lines of shell that the page names, in its order: `<!-- $ LINE -->` is shown with its output, `<!-- run LINE -->`
 * only prepares what follows.
 * @throws Error if a line that prepares fails, or one is shown twice
 */
export async function withSessions(page: string, run: (line: string) => Promise<Ran>): Promise<string> {
  let made = page
  const marks = [...page.matchAll(/^<!-- (\$|run) (.*) -->$/gm)]
  for (const [, kind, line = ''] of marks) {
    if (kind === '$' && marks.filter(([, , other]) => other === line).length > 1)
      throw new Error(`the page shows ${line} twice`)
    const { code, output } = await run(line)
    if (kind === '$') {
      const ending = code === 0 ? '' : `$ echo $?\n${code}\n`
      made = between(made, `$ ${line}`, example(line, output + ending))
    } else if (code !== 0) throw new Error(`${line} ended with ${code}:\n${output}`)
  }
  return made
}

function example(line: string, output: string): string {
  return `\n\`\`\`console\n$ ${line}\n${output}\`\`\`\n\n`
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
