/** Tags that an organisation requires on its resources, in addition to those of this program. */
import type { Step } from '../plan/step.ts'
import type { Tag } from './bindings.ts'
import { tagValue } from './owned.ts'

/** Why the organisation's tag cannot be set, in words that follow it; undefined if it can. */
export function addedTagFault({ Key, Value }: Tag): string | undefined {
  if (/^(iam-ra|aws):/i.test(Key)) return 'has a reserved key: those that start with iam-ra: or aws:'
  if (!ADDED.test(Key) || Key.length > 128)
    return 'has a key that AWS does not accept: letters, digits, spaces and _.:/=+@- only, 128 at most'
  if ((Value !== '' && !ADDED.test(Value)) || Value.length > 256)
    return 'has a value that AWS does not accept: letters, digits, spaces and _.:/=+@- only, 256 at most'
  return undefined
}

/** What both IAM and Roles Anywhere accept: https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_Tag.html */
const ADDED = /^[ a-zA-Z0-9_.:/=+@-]+$/

/** Sets those of the organisation's tags that are missing or have another value. */
export function tagsStep(
  what: string,
  wanted: readonly Tag[],
  present: readonly Tag[],
  set: (missing: readonly Tag[]) => Promise<void>,
): readonly Step[] {
  const missing = wanted.filter(({ Key, Value }) => tagValue(present, Key) !== Value)
  if (missing.length === 0) return []
  const differences = missing.map(({ Key, Value }) => {
    const before = tagValue(present, Key)
    return { name: `tag ${Key}`, ...(before === undefined ? {} : { before }), after: Value }
  })
  return [
    {
      shown: { verb: 'change', what, differences },
      async apply() {
        await set(missing)
        return `tagged ${what}: ${missing.map(({ Key, Value }) => `${Key}=${Value}`).join(', ')}`
      },
    },
  ]
}
