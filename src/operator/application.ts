/** Runs one command line with the library, which prints only help and the version. Errors are thrown here. */
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
import type { LineContext } from './route.ts'

const NAME = 'iam-ra'

type Caught = (error: unknown) => string

function applicationOf(routes: RouteMap<LineContext>, caught: Caught, wrongLine: Caught) {
  return buildApplication<LineContext>(
    routes,
    {
      name: NAME,
      // Counts like src/text/did-you-mean.ts. The library's default suggests words that have little in common with the input.
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
        brief: 'print what the command does, and its flags',
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

/** @returns the exit code @throws the command's error, or IamRaError if the line is wrong */
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
    // Errors are reported by the caller, from what was collected.
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

/** @param words after the program's name; the last one is to be completed @returns lines: word, tab, description */
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
