/** Words that our writing rules replace, and that no sentence needs: CONTRIBUTING's "How we write". */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, type SourceFile } from './files.ts'

const REPLACED: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\bfolders?\b/i, 'directory'],
  [/\b(?:whoever|whomever)\b/i, 'the actor: you, the app, an attacker'],
  [/\banew\b/i, 'again'],
  [/\b(?:it|he|that|which|this|file|line) stands\b/i, 'is or appears'],
]

/** What users and readers of src see; CONTRIBUTING itself lists the words. */
export function checkedTexts(): SourceFile[] {
  const documents = ['README.md', 'SECURITY.md', 'k8s/README.md', ...inDirectory('docs', '.md')]
  return [...documents, ...inDirectory('src', '.ts')].map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }))
}

export function checkWords(texts: readonly SourceFile[]): string[] {
  return texts.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      REPLACED.flatMap(([words, instead]) => {
        const [found] = words.exec(line) ?? []
        return found === undefined ? [] : [`${path}:${index + 1}: says "${found}"; say ${instead}`]
      }),
    ),
  )
}

function inDirectory(directory: string, ending: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${directory}/${name}`)
    .toSorted()
}
