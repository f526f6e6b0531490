/** A role that workloads can be bound to, with a profile of its own; and the end of it. */
import { IamRaError } from '../../errors.ts'
import { parseJsonObject } from '../../text/json.ts'
import { profileName, roleFault, roleName, rolePath } from '../names.ts'
import type { Account } from './account.ts'
import { readBindings } from './bindings.ts'
import { ownerOf, type BoundRole, type Installation } from './installation.ts'
import { isOwned, ownTags, refuseFault, ROLE } from './owned.ts'
import { isThereAlready, STAGE } from './refusal.ts'
import type { ProfileRecord } from './roles-anywhere.ts'
import type { Plan, Step } from '../plan/step.ts'
import { derivePolicy, samePolicy } from './trust-policy.ts'

export interface RoleWishes {
  /** By which the operator calls it. */
  readonly role: string
  /** Its name in IAM, if it is not to follow from the other. */
  readonly iamName?: string | undefined
  /** ARNs. */
  readonly policies: readonly string[]
  /** JSON by name. */
  readonly inline: Readonly<Record<string, string>>
  readonly boundary?: string | undefined
  /** 3600 to 43200: what the role allows. */
  readonly maxSessionSeconds: number
  /** 900 to 43200: what the profile gives. */
  readonly sessionSeconds: number
}

/** Policies that the role has as it is. */
export interface RolePolicies {
  readonly attached: readonly string[]
  readonly inline: Readonly<Record<string, string>>
}

const NO_POLICIES: RolePolicies = { attached: [], inline: {} }

export async function readPolicies(account: Account, role: BoundRole): Promise<RolePolicies> {
  const [attached, names] = await Promise.all([
    account.iam.attachedPolicies(role.name),
    account.iam.inlinePolicies(role.name),
  ])
  const inline = await Promise.all(
    names.map(async (name) => [name, (await account.iam.inlinePolicy(role.name, name)) ?? ''] as const),
  )
  return { attached, inline: Object.fromEntries(inline) }
}

/** Reads the policies of a role that is there; all else is in the installation. */
export async function planRole(
  account: Account,
  installation: Installation,
  wishes: RoleWishes,
): Promise<Plan> {
  const problems = faultsOf(installation, wishes)
  if (problems.length > 0) return { steps: [], notes: [], problems }
  const found = installation.roles.find(({ role }) => role === wishes.role)
  const { inline, attached } = found === undefined ? NO_POLICIES : await readPolicies(account, found)
  const name = found?.name ?? wishes.iamName ?? roleName(installation.name, wishes.role)
  const { iam } = account
  const steps: Step[] = found === undefined ? [createRole(account, installation, name, wishes)] : []
  const role = (what: string, after: string, before: string | undefined, run: () => Promise<void>): void => {
    steps.push({
      shown: {
        ...{ verb: before === undefined ? 'create' : 'change', what: `${what} of iam role ${name}` },
        differences: [{ name: what, ...(before === undefined ? {} : { before }), after }],
      },
      async apply() {
        await run()
        return `${what} of iam role ${name}: ${after}`
      },
    })
  }
  if (found !== undefined && found.maxSessionSeconds !== wishes.maxSessionSeconds) {
    const { maxSessionSeconds: before } = found
    role('longest session', `${wishes.maxSessionSeconds} s`, `${before} s`, () =>
      iam.setMaxSession(name, wishes.maxSessionSeconds),
    )
  }
  const { boundary } = wishes
  if (found !== undefined && boundary !== undefined && found.boundary !== boundary)
    role('permissions boundary', boundary, found.boundary, () => iam.setBoundary(name, boundary))
  for (const arn of wishes.policies.filter((one) => !attached.includes(one)))
    role('policy', arn, undefined, () => iam.attach(name, arn))
  for (const [policy, document] of Object.entries(wishes.inline)) {
    const before = inline[policy]
    if (before !== undefined && samePolicy(before, document)) continue
    role(
      `inline policy ${policy}`,
      `${document.length} characters`,
      before && `${before.length} characters`,
      () => iam.putInline(name, policy, document),
    )
  }
  const arn = found?.arn ?? arnOf(account, installation, name)
  steps.push(...profileSteps(account, installation.name, wishes, arn, found?.profiles ?? []))
  const more = [
    ...attached.filter((one) => !wishes.policies.includes(one)),
    ...Object.keys(inline).filter((one) => wishes.inline[one] === undefined),
  ]
  const notes = more.map((one) => `role ${name} has the policy ${one} too, which stays`)
  return { steps, notes, problems }
}

function faultsOf({ name, anchor, roles }: Installation, wishes: RoleWishes): readonly string[] {
  const found = roles.find(({ role }) => role === wishes.role)
  const fault = wishes.iamName === undefined ? roleFault(wishes.role, name) : undefined
  const unreadable = Object.entries(wishes.inline).filter(([, text]) => parseJsonObject(text) === undefined)
  return [
    ...(fault === undefined ? [] : [`"${wishes.role}" ${fault.wrong}; expected ${fault.expected}`]),
    ...(anchor === undefined ? [`installation ${name} has no trust anchor; iam-ra init makes it`] : []),
    ...(found?.fault === undefined ? [] : [`role ${found.name} ${found.fault}`]),
    ...(found !== undefined && wishes.iamName !== undefined && found.name !== wishes.iamName
      ? [`role ${wishes.role} is ${found.name} in IAM, and a role keeps its name`]
      : []),
    ...unreadable.map(([policy]) => `the inline policy ${policy} is no JSON object`),
    ...range('--max-session', wishes.maxSessionSeconds, 3600),
    ...range('--session-duration', wishes.sessionSeconds, 900),
    ...(wishes.sessionSeconds > wishes.maxSessionSeconds
      ? [
          `--session-duration ${wishes.sessionSeconds} is longer than the role allows (${wishes.maxSessionSeconds})`,
        ]
      : []),
  ]
}

/** https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html and IAM's CreateRole. */
function range(flag: string, seconds: number, least: number): readonly string[] {
  return seconds >= least && seconds <= 43_200
    ? []
    : [`${flag} ${seconds} is out of bounds; expected ${least} to 43200`]
}

function arnOf({ partition, id }: Account, installation: Installation, name: string): string {
  return `arn:${partition}:iam::${id}:role${rolePath(installation.name)}${name}`
}

function createRole(account: Account, installation: Installation, name: string, wishes: RoleWishes): Step {
  const { role, maxSessionSeconds, boundary } = wishes
  const owner = ownerOf(account, installation.name)
  return {
    shown: {
      ...{ verb: 'create', what: `iam role ${name}` },
      differences: [
        { name: 'path', after: rolePath(installation.name) },
        { name: 'trust policy', after: 'nobody yet' },
        { name: 'longest session', after: `${maxSessionSeconds} s` },
        ...(boundary === undefined ? [] : [{ name: 'permissions boundary', after: boundary }]),
      ],
    },
    async apply() {
      try {
        await account.iam.createRole({
          ...{ name, path: rolePath(installation.name), maxSessionSeconds, boundary },
          policy: derivePolicy(owner, [], undefined) ?? '',
          tags: ownTags(installation.name, { [ROLE]: role }),
          description: `Made by iam-ra for workloads of installation ${installation.name}`,
        })
      } catch (error) {
        if (!isThereAlready(error)) throw error
        // By a call whose answer was lost, or by another operator at the same time.
        const there = await account.iam.getRole(name)
        if (there?.path !== rolePath(installation.name) || !isOwned(there.tags, installation.name))
          throw error
        refuseFault(`role ${name}`, there.tags)
      }
      return `created iam role ${name}`
    },
  }
}

function profileSteps(
  account: Account,
  installation: string,
  { role, sessionSeconds }: RoleWishes,
  roleArn: string,
  found: readonly ProfileRecord[],
): readonly Step[] {
  const { rolesAnywhere } = account
  const [profile, ...doubles] = found
  const name = profileName(installation, role)
  const made = async (): Promise<ProfileRecord | undefined> => {
    const named = (await rolesAnywhere.listProfiles()).filter(
      (one) => one.name === name && one.roleArns.includes(roleArn),
    )
    for (const one of named) if (isOwned(await rolesAnywhere.tags(one.arn), installation)) return one
    return undefined
  }
  if (profile === undefined) {
    const create: Step = {
      shown: {
        ...{ verb: 'create', what: `profile ${name}` },
        differences: [
          { name: 'role', after: roleArn },
          { name: 'session', after: `${sessionSeconds} s` },
        ],
      },
      async apply() {
        const tags = ownTags(installation, { [ROLE]: role })
        const wanted = { name, roleArns: [roleArn], durationSeconds: sessionSeconds, tags }
        const { arn } = (await made()) ?? (await rolesAnywhere.createProfile(wanted, made))
        return `created profile ${arn}`
      },
    }
    return [create]
  }
  const change = (name: string, before: string, after: string, run: () => Promise<void>): Step => ({
    shown: { verb: 'change', what: `profile ${profile.name}`, differences: [{ name, before, after }] },
    async apply() {
      await run()
      return `${name} of profile ${profile.name}: ${after}`
    },
  })
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
    ...doubles.flatMap((one) => removeProfile(account, installation, one)),
  ]
}

/** Disabled first, so that a request in the meantime is refused by a profile that still exists. */
function removeProfile(account: Account, installation: string, profile: ProfileRecord): readonly Step[] {
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
    `profile ${arn} does not carry the tags of installation ${installation}`,
    {
      hint: 'delete it by hand if it is not used: iam-ra deletes only what it has made',
    },
  )
}

export async function planRoleDelete(
  account: Account,
  installation: Installation,
  role: string,
): Promise<Plan> {
  const found = installation.roles.find((one) => one.role === role)
  if (found === undefined) return { steps: [], notes: [], problems: [] }
  const { bindings } = found
  if (bindings.length > 0) {
    const names = bindings.map(({ cluster, namespace, workload }) => `${cluster}/${namespace}/${workload}`)
    const problem = `role ${role} is bound to ${names.join(', ')}; iam-ra k8s offboard unbinds each`
    return { steps: [], notes: [], problems: [problem] }
  }
  return removeRole(account, installation.name, found)
}

/** Of what nobody is bound to any more: profile, policies, role. */
export async function removeRole(account: Account, installation: string, role: BoundRole): Promise<Plan> {
  if (role.fault !== undefined) return { steps: [], notes: [], problems: [`role ${role.name} ${role.fault}`] }
  const { attached, inline } = await readPolicies(account, role)
  const { iam } = account
  const step = (what: string, run: () => Promise<void>): Step => ({
    shown: { verb: 'delete', what },
    async apply() {
      await run()
      return `deleted ${what}`
    },
  })
  const steps = [
    ...role.profiles.flatMap((one) => removeProfile(account, installation, one)),
    ...attached.map((arn) =>
      step(`policy ${arn} of iam role ${role.name}`, () => iam.detach(role.name, arn)),
    ),
    ...Object.keys(inline).map((name) =>
      step(`inline policy ${name} of iam role ${role.name}`, () => iam.deleteInline(role.name, name)),
    ),
    step(`iam role ${role.name}`, async () => {
      await refuseBound(account, installation, role.name)
      await iam.deleteRole(role.name)
    }),
  ]
  return { steps, notes: [], problems: [] }
}

/** Somebody may have bound a workload since the plan was made. */
async function refuseBound(account: Account, installation: string, name: string): Promise<void> {
  const now = await account.iam.getRole(name)
  if (now === undefined) return
  const [first] = readBindings(installation, now.tags).bindings
  if (first === undefined && isOwned(now.tags, installation) && now.path === rolePath(installation)) return
  throw new IamRaError(
    'REFUSED',
    STAGE,
    first === undefined
      ? `role ${name} is no longer of installation ${installation}`
      : `${first.namespace}/${first.workload} of ${first.cluster} was bound to role ${name} meanwhile`,
    {
      hint: 'look at it again: iam-ra role show; what was deleted so far comes back with iam-ra role create',
    },
  )
}
