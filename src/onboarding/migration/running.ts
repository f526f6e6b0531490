/** kiam and kube2iam as they run in the cluster, as far as their flags say what an annotation means. */
import { listOf, recordOf, textOf } from '../kubernetes/members.ts'
import type { KubeObject } from '../kubernetes/objects.ts'

type Program = 'kiam' | 'kube2iam'

export interface Running {
  readonly program: Program
  /** Such as `DaemonSet kube-system/kiam-server`. */
  readonly where: string
  /** By their names, without dashes; an empty text if there is no value. */
  readonly flags: Readonly<Record<string, string>>
}

/** @param objects Deployments and DaemonSets */
export function runningIn(objects: readonly KubeObject[]): readonly Running[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const template = recordOf(recordOf(recordOf(spec)['template'])['spec'])
    return listOf(template['containers']).flatMap((container) => {
      const program = programOf(textOf(container['image']))
      if (program === undefined) return []
      const words = [...wordsOf(container['command']), ...wordsOf(container['args'])]
      return [
        { program, where: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`, flags: flagsIn(words) },
      ]
    })
  })
}

/** The first value that is there. kiam's and kube2iam's names for it. */
export function flagOf(running: readonly Running[], ...names: readonly string[]): string | undefined {
  const values = running.flatMap(({ flags }) => names.map((name) => flags[name]))
  return values.find((value) => value !== undefined && value !== '')
}

/** By the image's own name: `quay.io/uswitch/kiam:v4.0`. */
function programOf(image: string): Program | undefined {
  const [name = ''] = (image.split('/').at(-1) ?? '').split(/[:@]/)
  return (['kube2iam', 'kiam'] as const).find((program) => name === program || name.startsWith(`${program}-`))
}

/** `--flag=value`, `--flag value` and `--flag`. */
function flagsIn(words: readonly string[]): Readonly<Record<string, string>> {
  const flags: Record<string, string> = {}
  for (const [at, word] of words.entries()) {
    const [, name, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(word) ?? []
    const after = words[at + 1] ?? ''
    if (name !== undefined) flags[name] = value ?? (after.startsWith('-') ? '' : after)
  }
  return flags
}

function wordsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
