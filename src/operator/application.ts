/** The table of commands as the library runs it: one command line, its outcome collected and nothing printed by the library itself. */
import {
  buildApplication,
  help,
  proposeCompletions,
  run,
  text_en,
  version,
  type RouteMap,
} from '@stricli/core'
import { VERSION } from '../version.ts'
import type { OperatorContext } from './context.ts'
import { unknownCommand, wrongArguments } from './line.ts'
import type { LineContext } from './routes.ts'

const NAME = 'iam-ra'

type Caught = (error: unknown) => string

function applicationOf(routes: RouteMap<LineContext>, caught: Caught, wrongLine: Caught) {
  return buildApplication<LineContext>(
    routes,
    {
      name: NAME,
      // As src/text/did-you-mean.ts counts. The library's own takes a word for another that has little in common with it.
      scanner: {
        distanceOptions: {
          threshold: 2,
          weights: { insertion: 1, deletion: 1, substitution: 1, transposition: 1 },
        },
      },
      localization: {
        text: {
          ...text_en,
          noCommandRegisteredForInput: ({ input, corrections }) => caught(unknownCommand(input, corrections)),
          exceptionWhileParsingArguments: wrongLine,
          exceptionWhileLoadingCommandFunction: caught,
          exceptionWhileLoadingCommandContext: caught,
          exceptionWhileRunningCommand: caught,
          exceptionWhileRunningIntegrationFlag: ({ exception }) => caught(exception),
        },
      },
    },
    {
      help: help({
        brief: 'print what a command does and its flags',
        defaultForRouteMap: true,
        formatting: { useAliasInUsageLine: false, onlyRequiredInUsageLine: true, caseStyle: 'original' },
      }),
      version: version({
        brief: 'print the version',
        alias: false,
        info: { currentVersion: `${NAME} ${VERSION}` },
      }),
    },
  )
}

/** @returns the exit code @throws what the command threw, or IamRaError for a line that is wrong */
export async function runLine(routes: RouteMap<LineContext>, operator: OperatorContext): Promise<number> {
  const { argv, stdout } = operator.runtime
  const thrown: unknown[] = []
  const wrong: unknown[] = []
  const into =
    (list: unknown[]): Caught =>
    (error) => {
      list.push(error)
      return ''
    }
  let exit = 0
  let command = NAME
  const context = {
    operator,
    ended: (code: number): void => void (exit = code),
    // Sentences are made here, of what was caught.
    process: { stdout: { write: stdout }, stderr: { write: () => undefined } },
  }
  await run(applicationOf(routes, into(thrown), into(wrong)), argv, {
    ...context,
    forCommand: ({ prefix }) => {
      command = prefix.join(' ')
      return context
    },
  })
  if (wrong.length > 0) throw wrongArguments(command, wrong)
  if (thrown.length > 0) throw thrown[0]
  return exit
}

/** @param words after the program's name; the last is the one to be completed. @returns lines: word, tab, what it is */
export async function completionsOf(
  routes: RouteMap<LineContext>,
  operator: OperatorContext,
  words: readonly string[],
): Promise<string[]> {
  const nothing = (): string => ''
  const found = await proposeCompletions(applicationOf(routes, nothing, nothing), words, {
    operator,
    ended: () => undefined,
    process: { stdout: { write: () => undefined }, stderr: { write: () => undefined } },
  })
  return found.map(({ completion, brief }) => `${completion}\t${brief}`)
}
