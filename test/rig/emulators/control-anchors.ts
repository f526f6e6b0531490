/** Trust anchors. IAM Roles Anywhere API Reference; User Guide, "Trust model", for what a CA certificate must be. */
import { authorize, change, find, page, remove, tagAtCreation, type ControlCall } from './control-call.ts'
import { NAME, readMembers, readTags, type Members } from './control-members.ts'
import { readCertificate } from './read-certificate.ts'
import {
  newResource,
  type RolesAnywhereAccount,
  type Source,
  type StoredAnchor,
} from './roles-anywhere-account.ts'
import { invalid } from './x509-signature.ts'

/** User Guide, "Quotas". The words of their refusals are documented nowhere. */
const MOST_ANCHORS = 50
const MOST_CERTIFICATES = 2

export function createAnchor(call: ControlCall): object {
  const { account } = call
  const members = readMembers(call.body, (found) => {
    found.demand('name', 'source')
    return {
      name: found.text('name', NAME) ?? '',
      source: found.record('source', readSource),
      enabled: found.flag('enabled') ?? false,
      tags: readTags(found),
    }
  })
  const resource = newResource(account, 'trust-anchor', call.nowMs)
  if (!account.serviceLinkedRole)
    authorize(call, 'iam:CreateServiceLinkedRole', serviceLinkedRole(account), {
      'iam:AWSServiceName': 'rolesanywhere.amazonaws.com',
    })
  if (account.anchors.size >= MOST_ANCHORS) throw invalid('The limit of trust anchors is reached.')
  const { source } = members
  if (source === undefined) throw invalid('no source')
  const certificates = certificatesOf(account, source)
  tagAtCreation(call, resource.arn, members.tags)
  const anchor = { ...resource, ...members, source, certificates }
  account.serviceLinkedRole = true
  account.anchors.set(anchor.id, anchor)
  return { trustAnchor: detail(anchor) }
}

export function getAnchor(call: ControlCall): object {
  return { trustAnchor: detail(find(call, 'trust-anchor', call.account.anchors)) }
}

export function listAnchors(call: ControlCall): object {
  const { items, ...next } = page(call, call.account.anchors)
  return { trustAnchors: items.map(detail), ...next }
}

export function updateAnchor(call: ControlCall): object {
  const { account } = call
  const anchor = find(call, 'trust-anchor', account.anchors)
  const { name = anchor.name, source } = readMembers(call.body, (found) => ({
    name: found.text('name', NAME),
    source: found.record('source', readSource),
  }))
  const changes =
    source === undefined ? { name } : { name, source, certificates: certificatesOf(account, source) }
  return { trustAnchor: detail(change(call, account.anchors, anchor, changes)) }
}

export function switchAnchor(enabled: boolean): (call: ControlCall) => object {
  return (call) => {
    const { anchors } = call.account
    return { trustAnchor: detail(change(call, anchors, find(call, 'trust-anchor', anchors), { enabled })) }
  }
}

export function deleteAnchor(call: ControlCall): object {
  const anchor = find(call, 'trust-anchor', call.account.anchors)
  remove(call, call.account.anchors, anchor)
  return { trustAnchor: detail(anchor) }
}

function serviceLinkedRole({ account }: RolesAnywhereAccount): string {
  return `arn:aws:iam::${account}:role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere`
}

function readSource(found: Members): Source {
  const sourceType = found.text('sourceType', {
    pattern: /AWS_ACM_PCA|CERTIFICATE_BUNDLE|SELF_SIGNED_REPOSITORY/,
  })
  const data = found.record('sourceData', (members) => ({
    pem: members.text('x509CertificateData', { min: 1, max: 204_800 }),
    pca: members.text('acmPcaArn'),
  }))
  if (sourceType === 'CERTIFICATE_BUNDLE' && data?.pem !== undefined && data.pca === undefined)
    return { sourceType, sourceData: { x509CertificateData: data.pem } }
  if (sourceType === 'AWS_ACM_PCA' && data?.pca !== undefined && data.pem === undefined)
    return { sourceType, sourceData: { acmPcaArn: data.pca } }
  throw invalid('Source data does not fit the source type.')
}

function certificatesOf(account: RolesAnywhereAccount, source: Source): readonly string[] {
  if (source.sourceType === 'AWS_ACM_PCA') {
    const found = account.privateAuthorities.get(source.sourceData.acmPcaArn)
    if (found === undefined) throw invalid('The private certificate authority was not found.')
    return found
  }
  const text = source.sourceData.x509CertificateData
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) throw invalid('Unable to parse the certificate bundle.')
  if (certificates.length > MOST_CERTIFICATES) throw invalid('The limit of certificates is reached.')
  for (const pem of certificates) checkAuthority(pem)
  return certificates
}

function checkAuthority(pem: string): void {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  let certificate
  try {
    certificate = readCertificate(der)
  } catch {
    throw invalid('Unable to parse the certificate bundle.')
  }
  // As users quote it of live AWS.
  if (certificate.version !== 3 || !certificate.isAuthority)
    throw invalid('Incorrect basic constraints for CA certificate')
  if (certificate.keyUsage?.includes('keyCertSign') !== true)
    throw invalid('Incorrect key usage for CA certificate')
}

/** As the API Reference's examples have them: what AWS sets by itself. */
const NOTIFICATIONS = ['CA_CERTIFICATE_EXPIRY', 'END_ENTITY_CERTIFICATE_EXPIRY'].map((event) => ({
  channel: 'ALL',
  configuredBy: 'rolesanywhere.amazonaws.com',
  enabled: true,
  event,
  threshold: 45,
}))

function detail(anchor: StoredAnchor): object {
  return {
    trustAnchorId: anchor.id,
    trustAnchorArn: anchor.arn,
    name: anchor.name,
    source: anchor.source,
    enabled: anchor.enabled,
    crlDpRevocationEnabled: false,
    createdAt: anchor.createdAt,
    updatedAt: anchor.updatedAt,
    notificationSettings: NOTIFICATIONS,
  }
}
