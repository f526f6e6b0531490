/** Tags of trust anchors, profiles and revocation lists. IAM Roles Anywhere API Reference, "TagResource" and the like. */
import { absent, type ControlCall } from './control-call.ts'
import { readMembers, readTags, TAG_KEY, type Members } from './control-members.ts'
import { invalid, Refusal } from './x509-signature.ts'

/** No quota is documented; a request may hold as many. */
const MOST = 200

export function tagResource(call: ControlCall): object {
  const { arn, tags } = readMembers(call.body, (found) => {
    found.demand('resourceArn', 'tags')
    return { arn: readArn(found), tags: readTags(found) }
  })
  if (tags.some(([key]) => key.toLowerCase().startsWith('aws:'))) throw invalid('aws: is a reserved prefix.')
  const merged = new Map([...tagsOf(call, arn), ...tags])
  if (merged.size > MOST) throw new Refusal(400, 'TooManyTagsException', 'Too many tags for the resource.')
  call.account.tags.set(arn, merged)
  return {}
}

export function untagResource(call: ControlCall): object {
  const { arn, keys } = readMembers(call.body, (found) => {
    found.demand('resourceArn', 'tagKeys')
    return { arn: readArn(found), keys: found.texts('tagKeys', 200, TAG_KEY) ?? [] }
  })
  const tags = tagsOf(call, arn)
  call.account.tags.set(arn, new Map([...tags].filter(([key]) => !keys.includes(key))))
  return {}
}

export function listTags(call: ControlCall): object {
  const arn = readMembers({ resourceArn: call.query.get('resourceArn') }, (found) => {
    found.demand('resourceArn')
    return readArn(found)
  })
  return { tags: [...tagsOf(call, arn)].map(([key, value]) => ({ key, value })) }
}

function readArn(found: Members): string {
  return found.text('resourceArn', { min: 1, max: 1011 }) ?? ''
}

function tagsOf(call: ControlCall, arn: string): ReadonlyMap<string, string> {
  const tags = call.account.tags.get(arn)
  if (tags === undefined) throw absent(arn)
  return tags
}
