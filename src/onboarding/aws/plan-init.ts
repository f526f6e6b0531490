/** The trust anchor of an installation, and the clusters on it. */
import type { Root } from '../authority/authority.ts'
import { anchorName, clusterFault, namespaceFault } from '../names.ts'
import { joined, type Plan, type Step } from '../plan/step.ts'
import type { Account } from './account.ts'
import { tagsStep } from './added-tags.ts'
import { tagFault, type Tag } from './bindings.ts'
import { ownAnchors, readAnchors, type Anchor, type Installation } from './installation.ts'
import { createOnlyOne } from './only-one.ts'
import { CA_MODE, clusterTag, ownTags, type Cluster } from './owned.ts'

export interface InitWishes {
  /** What signs certificates, such as `vault`. */
  readonly mode: string
  /** Without it, an existing anchor keeps its root. */
  readonly root?: Root
  /** The organisation's own. */
  readonly tags: readonly Tag[]
}

/** The root's steps, then the anchor's. */
export async function planInit(
  account: Account,
  installation: Installation,
  wishes: InitWishes,
): Promise<Plan> {
  const { name, anchor, strangers } = installation
  const { root, tags } = wishes
  const [stranger] = strangers
  if (anchor === undefined && stranger !== undefined) {
    return problem(
      `trust anchor ${stranger.name} (${stranger.arn}) does not belong to installation ${name}; choose another name with --installation`,
    )
  }
  if (anchor === undefined) {
    if (root === undefined) return problem(`installation ${name} has no trust anchor; run iam-ra init`)
    return joined(root.plan, { ...NOTHING, steps: [createAnchor(account, name, { ...wishes, root })] })
  }
  if (root !== undefined && root.plan.problems.length > 0) return root.plan
  if (root !== undefined && !(await isRootOf(anchor, root))) {
    return problem(
      `trust anchor ${anchor.name} trusts another root than ${root.subject}; run iam-ra init without --root and --root-mount to keep it, or choose another name with --installation`,
    )
  }
  const steps: Step[] = anchor.enabled ? [] : [switchAnchor(account, anchor, true)]
  steps.push(
    ...tagsStep(`trust anchor ${anchor.name}`, tags, anchor.tags, (missing) =>
      account.rolesAnywhere.tag(anchor.arn, missing),
    ),
  )
  // Left by a call whose answer was lost.
  steps.push(...installation.doubles.flatMap((one) => removeAnchor(account, one)))
  return { ...NOTHING, steps }
}

const NOTHING: Plan = { steps: [], notes: [], problems: [] }

async function isRootOf(anchor: Anchor, { plan, read }: Root): Promise<boolean> {
  if (plan.steps.length > 0) return false
  return certificatesOf(anchor.certificates).join() === certificatesOf(await read()).join()
}

function createAnchor(
  account: Account,
  installation: string,
  { mode, root, tags }: Required<InitWishes>,
): Step {
  const { rolesAnywhere } = account
  const name = anchorName(installation)
  const list = async (): Promise<readonly Anchor[]> =>
    ownAnchors(await readAnchors(account, installation), installation)
  const allTags = [...ownTags(installation, { [CA_MODE]: mode }), ...tags]
  return {
    shown: {
      ...{ verb: 'create', what: `trust anchor ${name}` },
      differences: [
        { name: 'root', after: root.subject },
        { name: 'certificates from', after: mode },
        ...tags.map(({ Key, Value }) => ({ name: `tag ${Key}`, after: Value })),
      ],
    },
    async apply() {
      const { arn } = await createOnlyOne<Pick<Anchor, 'id' | 'arn' | 'enabled' | 'createdAt'>>(account, {
        list,
        create: async () => {
          const pem = await root.read()
          return await rolesAnywhere.createAnchor({ name, pem, tags: allTags }, async () => (await list())[0])
        },
        remove: async (double) => {
          for (const { apply } of removeAnchor(account, double)) await apply()
        },
      })
      return `created trust anchor ${arn}`
    },
  }
}

/** Disabled first, so that requests in the meantime are refused by an anchor that still exists. */
export function removeAnchor(
  account: Account,
  anchor: Pick<Anchor, 'id' | 'arn' | 'enabled'>,
): readonly Step[] {
  const remove: Step = {
    shown: { verb: 'delete', what: `trust anchor ${anchor.arn}` },
    async apply() {
      await account.rolesAnywhere.deleteAnchor(anchor.id)
      return `deleted trust anchor ${anchor.arn}`
    },
  }
  return anchor.enabled ? [switchAnchor(account, anchor, false), remove] : [remove]
}

function switchAnchor(
  account: Account,
  anchor: Pick<Anchor, 'id' | 'arn' | 'enabled'>,
  enabled: boolean,
): Step {
  return {
    shown: {
      ...{ verb: 'change', what: `trust anchor ${anchor.arn}` },
      differences: [{ name: 'enabled', before: `${anchor.enabled}`, after: `${enabled}` }],
    },
    async apply() {
      await account.rolesAnywhere.switchAnchor(anchor.id, enabled)
      return `${enabled ? 'enabled' : 'disabled'} trust anchor ${anchor.arn}`
    },
  }
}

export function planCluster(account: Account, installation: Installation, cluster: Cluster): Plan {
  const { anchor } = installation
  if (anchor === undefined)
    return problem(`installation ${installation.name} has no trust anchor; run iam-ra init`)
  const tag = clusterTag(cluster)
  const faults = [
    [cluster.name, clusterFault(cluster.name)],
    [cluster.namespace, namespaceFault(cluster.namespace)],
  ] as const
  const problems = faults.flatMap(([text, fault]) =>
    fault === undefined ? [] : [`"${text}" ${fault.wrong}; expected ${fault.expected}`],
  )
  const unfit = tagFault(tag)
  if (unfit !== undefined) problems.push(`the tag ${tag.Key} ${unfit}`)
  if (problems.length > 0) return { ...NOTHING, problems }
  const before = anchor.tags.find(({ Key }) => Key === tag.Key)?.Value
  if (before === tag.Value) return NOTHING
  const step: Step = {
    shown: {
      ...{ verb: 'change', what: `trust anchor ${anchor.name}` },
      differences: [
        { name: `tag ${tag.Key}`, ...(before === undefined ? {} : { before }), after: tag.Value },
      ],
    },
    async apply() {
      await account.rolesAnywhere.tag(anchor.arn, [tag])
      return `cluster ${cluster.name} is on trust anchor ${anchor.name}`
    },
  }
  return { ...NOTHING, steps: [step] }
}

export function planTeardown(account: Account, installation: Installation, cluster: string): Plan {
  const { anchor, clusters, roles } = installation
  const found = clusters.find(({ name }) => name === cluster)
  const bound = roles.flatMap(({ bindings }) => bindings.filter((one) => one.cluster === cluster))
  if (bound.length > 0) {
    const names = bound.map(({ namespace, workload }) => `${namespace}/${workload}`).join(', ')
    return problem(`cluster ${cluster} still has bound workloads: ${names}; run iam-ra k8s offboard for each`)
  }
  if (anchor === undefined || found === undefined) return NOTHING
  const { Key, Value } = clusterTag(found)
  const step: Step = {
    shown: {
      ...{ verb: 'change', what: `trust anchor ${anchor.name}` },
      differences: [{ name: `tag ${Key}`, before: Value, after: '(removed)' }],
    },
    async apply() {
      await account.rolesAnywhere.untag(anchor.arn, [Key])
      return `cluster ${cluster} is no longer on trust anchor ${anchor.name}`
    },
  }
  return { ...NOTHING, steps: [step] }
}

/** Ignores white space and text between certificates. */
function certificatesOf(pem: string): readonly string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body = '']) =>
    body.replace(/\s/g, ''),
  )
}

function problem(text: string): Plan {
  return { ...NOTHING, problems: [text] }
}
