/** Revocation lists and subjects, as far as an operator looks at them: a list is kept, and CreateSession does not read it. */
import { absent, change, find, page, remove, tagAtCreation, type ControlCall } from './control-call.ts'
import { NAME, readMembers, readTags } from './control-members.ts'
import { newResource, trustAnchors, type StoredCrl } from './roles-anywhere-account.ts'
import { invalid } from './x509-signature.ts'

/** User Guide, "Quotas": for each anchor. */
const MOST_CRLS = 2

export function importCrl(call: ControlCall): object {
  const { account } = call
  const { tags, ...members } = readMembers(call.body, (found) => {
    found.demand('name', 'crlData', 'trustAnchorArn')
    return {
      name: found.text('name', NAME) ?? '',
      // Of 300,000 octets at most.
      crlData: found.text('crlData', { min: 1, max: 400_000 }) ?? '',
      trustAnchorArn:
        found.text('trustAnchorArn', {
          pattern: /arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)/,
        }) ?? '',
      enabled: found.flag('enabled') ?? false,
      tags: readTags(found),
    }
  })
  if (!Buffer.from(members.crlData, 'base64').toString().includes('-----BEGIN X509 CRL-----'))
    throw invalid('Unable to parse the CRL.')
  if (!trustAnchors(account).some(({ arn }) => arn === members.trustAnchorArn))
    throw absent(members.trustAnchorArn)
  const beside = [...account.crls.values()].filter((crl) => crl.trustAnchorArn === members.trustAnchorArn)
  if (beside.length >= MOST_CRLS) throw invalid('The limit of CRLs is reached.')
  const crl = { ...newResource(account, 'crl', call.nowMs), ...members }
  tagAtCreation(call, crl.arn, tags)
  account.crls.set(crl.id, crl)
  return { crl: detail(crl) }
}

export function getCrl(call: ControlCall): object {
  return { crl: detail(find(call, 'crl', call.account.crls)) }
}

export function listCrls(call: ControlCall): object {
  const { items, ...next } = page(call, call.account.crls)
  return { crls: items.map(detail), ...next }
}

export function switchCrl(enabled: boolean): (call: ControlCall) => object {
  return (call) => {
    const { crls } = call.account
    return { crl: detail(change(call, crls, find(call, 'crl', crls), { enabled })) }
  }
}

export function deleteCrl(call: ControlCall): object {
  const crl = find(call, 'crl', call.account.crls)
  remove(call, call.account.crls, crl)
  return { crl: detail(crl) }
}

export function listSubjects(call: ControlCall): object {
  const { items, ...next } = page(call, call.account.subjects)
  return { subjects: items, ...next }
}

export function getSubject(call: ControlCall): object {
  const subject = call.account.subjects.get(call.id)
  if (subject === undefined) throw absent(call.id)
  return { subject: { ...subject, credentials: [], instanceProperties: [] } }
}

function detail({ id, arn, ...crl }: StoredCrl): object {
  return { crlId: id, crlArn: arn, ...crl }
}
