/** Profiles and their attribute mappings. IAM Roles Anywhere API Reference and User Guide, "Certificate attribute mapping". */
import {
  absent,
  authorizePass,
  change,
  find,
  page,
  remove,
  tagAtCreation,
  type ControlCall,
} from './control-call.ts'
import { NAME, readMembers, readTags, type Members } from './control-members.ts'
import { newResource, type StoredProfile } from './roles-anywhere-account.ts'
import { DEFAULT_MAPPINGS, FIELDS, type AttributeMapping } from './session-tags.ts'
import { invalid } from './x509-signature.ts'

/** User Guide, "Quotas". */
const MOST_PROFILES = 250

export function createProfile(call: ControlCall): object {
  const { account } = call
  const { tags, ...members } = readMembers(call.body, (found) => {
    found.demand('name', 'roleArns')
    const { name = '', roleArns = [], ...more } = readShared(found)
    return {
      ...{ name, roleArns, ...more },
      enabled: found.flag('enabled') ?? false,
      requireInstanceProperties: found.flag('requireInstanceProperties') ?? false,
      tags: readTags(found),
    }
  })
  if (account.profiles.size >= MOST_PROFILES) throw invalid('The limit of profiles is reached.')
  authorizePass(call, members.roleArns)
  const resource = newResource(account, 'profile', call.nowMs)
  tagAtCreation(call, resource.arn, tags)
  const profile = {
    ...{
      managedPolicyArns: [],
      sessionPolicy: undefined,
      durationSeconds: 3600,
      acceptRoleSessionName: false,
    },
    ...resource,
    ...members,
    attributeMappings: DEFAULT_MAPPINGS,
  }
  account.profiles.set(profile.id, profile)
  return { profile: detail(call, profile) }
}

export function getProfile(call: ControlCall): object {
  return { profile: detail(call, find(call, 'profile', call.account.profiles)) }
}

export function listProfiles(call: ControlCall): object {
  const { items, ...next } = page(call, call.account.profiles)
  return { profiles: items.map((profile) => detail(call, profile)), ...next }
}

/** What is left out stays as it is. */
export function updateProfile(call: ControlCall): object {
  const profile = find(call, 'profile', call.account.profiles)
  const changes = readMembers(call.body, readShared)
  authorizePass(call, changes.roleArns ?? [])
  return kept(call, profile, changes)
}

export function switchProfile(enabled: boolean): (call: ControlCall) => object {
  return (call) => kept(call, find(call, 'profile', call.account.profiles), { enabled })
}

export function deleteProfile(call: ControlCall): object {
  const profile = find(call, 'profile', call.account.profiles)
  remove(call, call.account.profiles, profile)
  return { profile: detail(call, profile) }
}

/** The field's rules become these; whether AWS keeps those that were there is documented nowhere. */
export function putMapping(call: ControlCall): object {
  const profile = find(call, 'profile', call.account.profiles)
  const mapping = readMembers(call.body, (found) => {
    found.demand('certificateField', 'mappingRules')
    const mappingRules = found.records('mappingRules', Infinity, (rule) => {
      rule.demand('specifier')
      return { specifier: rule.text('specifier', { max: 60 }) ?? '' }
    })
    return { certificateField: readField(found), mappingRules: mappingRules ?? [] }
  })
  return kept(call, profile, {
    attributeMappings: [...withoutField(profile, mapping.certificateField), mapping],
  })
}

/** Without specifiers all of the field's rules go. */
export function deleteMapping(call: ControlCall): object {
  const profile = find(call, 'profile', call.account.profiles)
  const field = readMembers({ certificateField: call.query.get('certificateField') }, (found) => {
    found.demand('certificateField')
    return readField(found)
  })
  const specifiers = call.query.getAll('specifiers')
  const rules = profile.attributeMappings.find(
    ({ certificateField }) => certificateField === field,
  )?.mappingRules
  if (rules === undefined) throw absent(field)
  const left = specifiers.length === 0 ? [] : rules.filter((rule) => !specifiers.includes(rule.specifier))
  return kept(call, profile, {
    attributeMappings: [
      ...withoutField(profile, field),
      ...(left.length === 0 ? [] : [{ certificateField: field, mappingRules: left }]),
    ],
  })
}

/** What create and update take alike; a member that is absent is absent in the answer too. */
function readShared(found: Members): Partial<StoredProfile> {
  const read = {
    name: found.text('name', NAME),
    roleArns: found.texts('roleArns', 250, {
      min: 1,
      max: 1011,
      pattern: /arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)/,
    }),
    managedPolicyArns: found.texts('managedPolicyArns', 50, { min: 1, max: 200 }),
    sessionPolicy: found.text('sessionPolicy', { min: 1, max: 100_000 }),
    durationSeconds: found.integer('durationSeconds', { min: 900, max: 43_200 }),
    acceptRoleSessionName: found.flag('acceptRoleSessionName'),
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}

function readField(found: Members): AttributeMapping['certificateField'] {
  const text = found.text('certificateField', { pattern: /x509Subject|x509Issuer|x509SAN/ })
  return FIELDS.find((field) => field === text) ?? 'x509Subject'
}

function withoutField(profile: StoredProfile, field: string): readonly AttributeMapping[] {
  return profile.attributeMappings.filter(({ certificateField }) => certificateField !== field)
}

function kept(call: ControlCall, profile: StoredProfile, changes: Partial<StoredProfile>): object {
  return { profile: detail(call, change(call, call.account.profiles, profile, changes)) }
}

function detail(call: ControlCall, { id, arn, ...profile }: StoredProfile): object {
  return { profileId: id, profileArn: arn, createdBy: call.account.account, ...profile }
}
