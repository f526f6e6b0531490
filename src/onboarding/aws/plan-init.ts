/** The trust anchor of an installation, and the clusters on it. */
import { anchorName, clusterFault, namespaceFault } from '../names.ts'
import type { Account } from './account.ts'
import { tagFault } from './bindings.ts'
import { readAnchors, type Anchor, type Installation } from './installation.ts'
import { CA_MODE, clusterTag, isOwned, ownTags, type Cluster } from './owned.ts'
import type { AnchorRecord } from './roles-anywhere.ts'
import type { Plan, Step } from '../plan/step.ts'

export interface InitWishes {
  /** Where certificates come from, such as `vault`. */
  readonly mode: string
  /** The root's certificate. */
  readonly pem: string
  /** Whose it is, as it is shown. */
  readonly subject: string
}

export function planInit(account: Account, installation: Installation, wishes: InitWishes): Plan {
  const { name, anchor, strangers } = installation
  const [stranger] = strangers
  if (anchor === undefined && stranger !== undefined) {
    return problem(
      `trust anchor ${stranger.name} (${stranger.arn}) is not of this installation; expected another name, by --installation`,
    )
  }
  if (anchor === undefined) return { steps: [createAnchor(account, name, wishes)], notes: [], problems: [] }
  if (certificatesOf(anchor.certificates).join() !== certificatesOf(wishes.pem).join()) {
    return problem(`trust anchor ${anchor.name} has another root; expected the root that it was made with`)
  }
  const steps: Step[] = anchor.enabled ? [] : [switchAnchor(account, anchor, true)]
  return { steps: [...steps, ...doubled(account, installation)], notes: [], problems: [] }
}

function createAnchor(account: Account, installation: string, { mode, pem, subject }: InitWishes): Step {
  const { rolesAnywhere } = account
  const name = anchorName(installation)
  const made = async (): Promise<AnchorRecord | undefined> =>
    (await readAnchors(account, installation)).find(({ tags }) => isOwned(tags, installation))
  return {
    shown: {
      ...{ verb: 'create', what: `trust anchor ${name}` },
      differences: [
        { name: 'root', after: subject },
        { name: 'certificates from', after: mode },
      ],
    },
    async apply() {
      const tags = ownTags(installation, { [CA_MODE]: mode })
      // Nothing keeps two operators from making one each but this look; a double is found and deleted by the next run.
      const { arn } = (await made()) ?? (await rolesAnywhere.createAnchor({ name, pem, tags }, made))
      return `created trust anchor ${arn}`
    },
  }
}

/** What a call left whose answer was lost. */
function doubled(account: Account, { doubles }: Installation): readonly Step[] {
  return doubles.flatMap((one) => removeAnchor(account, one))
}

/** Disabled first, so that a request in the meantime is refused by an anchor that still exists. */
export function removeAnchor(account: Account, anchor: Anchor): readonly Step[] {
  const remove: Step = {
    shown: { verb: 'delete', what: `trust anchor ${anchor.arn}` },
    async apply() {
      await account.rolesAnywhere.deleteAnchor(anchor.id)
      return `deleted trust anchor ${anchor.arn}`
    },
  }
  return anchor.enabled ? [switchAnchor(account, anchor, false), remove] : [remove]
}

function switchAnchor(account: Account, anchor: Anchor, enabled: boolean): Step {
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
    return problem(`installation ${installation.name} has no trust anchor; iam-ra init makes it`)
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
  if (problems.length > 0) return { steps: [], notes: [], problems }
  const before = anchor.tags.find(({ Key }) => Key === tag.Key)?.Value
  if (before === tag.Value) return { steps: [], notes: [], problems: [] }
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
  return { steps: [step], notes: [], problems: [] }
}

export function planTeardown(account: Account, installation: Installation, cluster: string): Plan {
  const { anchor, clusters, roles } = installation
  const found = clusters.find(({ name }) => name === cluster)
  const bound = roles.flatMap(({ bindings }) => bindings.filter((one) => one.cluster === cluster))
  if (bound.length > 0) {
    const names = bound.map(({ namespace, workload }) => `${namespace}/${workload}`).join(', ')
    return problem(
      `cluster ${cluster} has workloads that are bound: ${names}; iam-ra k8s offboard unbinds each`,
    )
  }
  if (anchor === undefined || found === undefined) return { steps: [], notes: [], problems: [] }
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
  return { steps: [step], notes: [], problems: [] }
}

/** White space and texts between certificates do not count. */
function certificatesOf(pem: string): readonly string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body = '']) =>
    body.replace(/\s/g, ''),
  )
}

function problem(text: string): Plan {
  return { steps: [], notes: [], problems: [text] }
}
