/** The profile of a role: how long its sessions last. Each role has one of its own. */
import { IamRaError } from '../../errors.ts'
import { profileName } from '../names.ts'
import type { Step } from '../plan/step.ts'
import type { Account } from './account.ts'
import { tagsStep } from './added-tags.ts'
import { byAge, createOnlyOne } from './only-one.ts'
import { isOwned, ownTags, ROLE } from './owned.ts'
import { STAGE } from './refusal.ts'
import type { RoleWishes, Seconds } from './role-wishes.ts'
import type { ProfileRecord } from './roles-anywhere.ts'

export async function profileSteps(
  account: Account,
  installation: string,
  wishes: RoleWishes & Seconds,
  roleArn: string,
  found: readonly ProfileRecord[],
): Promise<readonly Step[]> {
  const [profile, ...doubles] = found
  if (profile === undefined) return [createProfile(account, installation, wishes, roleArn)]
  const { rolesAnywhere } = account
  const { sessionSeconds, tags } = wishes
  const change = (name: string, before: string, after: string, run: () => Promise<void>): Step => ({
    shown: { verb: 'change', what: `profile ${profile.name}`, differences: [{ name, before, after }] },
    async apply() {
      await run()
      return `${name} of profile ${profile.name}: ${after}`
    },
  })
  const present = tags.length === 0 ? [] : await rolesAnywhere.tags(profile.arn)
  return [
    ...(profile.durationSeconds === sessionSeconds
      ? []
      : [
          change('session', `${profile.durationSeconds} s`, `${sessionSeconds} s`, () =>
            rolesAnywhere.updateProfile(profile.id, { durationSeconds: sessionSeconds }),
          ),
        ]),
    ...(profile.enabled
      ? []
      : [change('enabled', 'false', 'true', () => rolesAnywhere.switchProfile(profile.id, true))]),
    ...tagsStep(`profile ${profile.name}`, tags, present, (missing) =>
      rolesAnywhere.tag(profile.arn, missing),
    ),
    ...doubles.flatMap((one) => removeProfile(account, installation, one)),
  ]
}

function createProfile(
  account: Account,
  installation: string,
  { role, sessionSeconds, tags }: RoleWishes & Seconds,
  roleArn: string,
): Step {
  const { rolesAnywhere } = account
  const name = profileName(installation, role)
  const list = async (): Promise<readonly ProfileRecord[]> => {
    const named = (await rolesAnywhere.listProfiles()).filter(
      (one) => one.name === name && one.roleArns.includes(roleArn),
    )
    const owned = await Promise.all(
      named.map(async ({ arn }) => isOwned(await rolesAnywhere.tags(arn), installation)),
    )
    return named.filter((_one, index) => owned[index]).toSorted(byAge)
  }
  return {
    shown: {
      ...{ verb: 'create', what: `profile ${name}` },
      differences: [
        { name: 'role', after: roleArn },
        { name: 'session', after: `${sessionSeconds} s` },
        ...tags.map(({ Key, Value }) => ({ name: `tag ${Key}`, after: Value })),
      ],
    },
    async apply() {
      const allTags = [...ownTags(installation, { [ROLE]: role }), ...tags]
      const wanted = { name, roleArns: [roleArn], durationSeconds: sessionSeconds, tags: allTags }
      const { arn } = await createOnlyOne(account, {
        list,
        create: () => rolesAnywhere.createProfile(wanted, async () => (await list())[0]),
        remove: async (double) => {
          for (const { apply } of removeProfile(account, installation, double)) await apply()
        },
      })
      return `created profile ${arn}`
    },
  }
}

/** Disabled first, so that requests in the meantime are refused by a profile that still exists. */
export function removeProfile(
  account: Account,
  installation: string,
  profile: ProfileRecord,
): readonly Step[] {
  const { rolesAnywhere } = account
  const off: Step = {
    shown: {
      ...{ verb: 'change', what: `profile ${profile.arn}` },
      differences: [{ name: 'enabled', before: 'true', after: 'false' }],
    },
    async apply() {
      await refuseStranger(account, installation, profile)
      await rolesAnywhere.switchProfile(profile.id, false)
      return `disabled profile ${profile.arn}`
    },
  }
  const remove: Step = {
    shown: { verb: 'delete', what: `profile ${profile.arn}` },
    async apply() {
      await refuseStranger(account, installation, profile)
      await rolesAnywhere.deleteProfile(profile.id)
      return `deleted profile ${profile.arn}`
    },
  }
  return profile.enabled ? [off, remove] : [remove]
}

async function refuseStranger(account: Account, installation: string, { arn }: ProfileRecord): Promise<void> {
  if (isOwned(await account.rolesAnywhere.tags(arn), installation)) return
  throw new IamRaError(
    'REFUSED',
    STAGE,
    `profile ${arn} does not have the tags of installation ${installation}`,
    {
      hint: 'delete it by hand if nothing uses it: iam-ra deletes only what it created',
    },
  )
}
