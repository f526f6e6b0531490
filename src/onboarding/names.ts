/** The names that an operator gives, each with its rule, and the names that follow from them. */

/** `[wrong, rule]` in words that follow the value, as the checks of settings have it. */
export interface NameFault {
  readonly wrong: string
  readonly expected: string
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABELS = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** RFC 5280, appendix A: ub-common-name. */
const MOST_COMMON_NAME = 64

/** Part of the names of anchors, profiles and roles, of an IAM path and of tag keys. */
export function installationFault(text: string): NameFault | undefined {
  return labelFault(text, 32)
}

/** The cluster's name as the certificates have it; a label of a host name. */
export function clusterFault(text: string): NameFault | undefined {
  return labelFault(text, 63)
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export function namespaceFault(text: string): NameFault | undefined {
  return labelFault(text, 63)
}

/** Objects named after it end in `-iam-ra-config`, and a label's value may not be longer than 63. */
export function workloadFault(text: string): NameFault | undefined {
  return labelFault(text, 49)
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export function accountFault(text: string): NameFault | undefined {
  if (text.length <= 253 && LABELS.test(text)) return undefined
  return { wrong: 'is not a service account name', expected: 'lower-case letters, digits, dots and dashes' }
}

/** What an operator calls a role. @param iamName its name in IAM, if it does not follow from the other */
export function roleFault(text: string, installation: string, iamName?: string): NameFault | undefined {
  if (!LABEL.test(text)) {
    return { wrong: 'is not a role name', expected: 'lower-case letters, digits and dashes' }
  }
  const { length } = iamName === undefined ? roleName(installation, text) : text
  if (length <= MOST_ROLE_NAME) return undefined
  return {
    wrong: `makes an IAM role name of ${length} characters`,
    expected: `at most ${text.length - (length - MOST_ROLE_NAME)} characters${iamName === undefined ? ', or set --iam-role-name' : ''}`,
  }
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export function iamNameFault(text: string): NameFault | undefined {
  if (/^[\w+=,.@-]{1,64}$/.test(text)) return undefined
  return { wrong: 'is not an IAM role name', expected: 'at most 64 letters, digits and _+=,.@-' }
}

const MOST_ROLE_NAME = 64

/** @returns why the three together give no certificate; undefined if they do */
export function commonNameFault(workload: Identity): NameFault | undefined {
  const { length } = commonName(workload)
  if (length <= MOST_COMMON_NAME) return undefined
  return {
    wrong: `gives a certificate name of ${length} characters (${commonName(workload)})`,
    expected: `${MOST_COMMON_NAME} at most (RFC 5280): shorten the cluster name by ${length - MOST_COMMON_NAME}, or the service account's`,
  }
}

/** Who a pod is to Vault, and so what its certificate says. */
export interface Identity {
  readonly cluster: string
  readonly namespace: string
  readonly account: string
}

/** The CN that k8s/vault/pki-role.json lets Vault sign for a service account, and no other. */
export function commonName({ cluster, namespace, account }: Identity): string {
  return `${account}.${namespace}.${cluster}`
}

/** The IAM role; the bare name would meet roles that exist. */
export function roleName(installation: string, role: string): string {
  return installation === 'default' ? `iam-ra-${role}` : `iam-ra-${installation}-${role}`
}

/** It cannot be changed later, so it says whose a role is: tags can be. */
export function rolePath(installation: string): string {
  return `/iam-ra/${installation}/`
}

export function anchorName(installation: string): string {
  return `iam-ra-${installation}`
}

export function profileName(installation: string, role: string): string {
  return `iam-ra-${installation}-${role}`
}

function labelFault(text: string, most: number): NameFault | undefined {
  if (text.length <= most && LABEL.test(text)) return undefined
  const expected = `lower-case letters, digits and dashes, ${most} characters at most, with a letter or digit at both ends`
  return { wrong: text.length > most ? `has ${text.length} characters` : 'is not a name', expected }
}
