/** Every kind of request in every mode, in rounds. */
import { load, loadResult, MODES, type LoadResult, type Mode, type Question, type Timings } from './load.ts'

/** To the responder, which answers any request. */
export const FLOOR: Question = { method: 'GET', path: '/', headers: {}, status: 200 }

export async function loadAll<Name extends string>(
  questions: Readonly<Record<Name, Question>>,
  portOf: (name: Name) => number,
  counts: { readonly rounds: number; readonly requests: Readonly<Record<Mode, number>> },
): Promise<Record<Name, Record<Mode, LoadResult>>> {
  const names = Object.keys(questions) as Name[]
  const timings = new Map<string, Timings[]>()
  // A warm-up round, a tenth as long, brings the programs and their client up to speed.
  for (let round = -1; round < counts.rounds; round += 1) {
    for (const mode of MODES) {
      for (const name of names) {
        const count = Math.ceil(counts.requests[mode] / (round < 0 ? 10 : 1))
        const taken = await load(portOf(name), questions[name], mode, count)
        if (round >= 0) timings.set(`${name} ${mode}`, [...(timings.get(`${name} ${mode}`) ?? []), taken])
      }
    }
  }
  const resultOf = (name: Name, mode: Mode): LoadResult => loadResult(timings.get(`${name} ${mode}`) ?? [])
  const results = names.map((name) => {
    const modes: Record<Mode, LoadResult> = {
      one: resultOf(name, 'one'),
      sixteen: resultOf(name, 'sixteen'),
      new: resultOf(name, 'new'),
    }
    return [name, modes] as const
  })
  return Object.fromEntries(results) as Record<Name, Record<Mode, LoadResult>>
}
