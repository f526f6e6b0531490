/** A workload that asks for a session: for the tests of the rig, not the product's client. */
import { generateKeyPairSync } from 'node:crypto'
import { randomSerial, type Authority } from './authority.ts'
import { signCertificate, type DistinguishedName } from './certificate.ts'
import type { EmulatorRequest } from './http.ts'
import { sessionRequest } from './requests.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A signed CreateSession request with a new certificate, and with every authority between it and the root. */
export function workloadRequest(workload: {
  readonly issuer: Authority
  readonly subject: DistinguishedName
  readonly uris?: readonly string[]
  readonly nowMs: number
  readonly body: { readonly trustAnchorArn: string; readonly profileArn: string; readonly roleArn: string }
}): EmulatorRequest {
  const { issuer, subject, nowMs, body } = workload
  const serial = randomSerial()
  const leaf = signCertificate(
    {
      ...{ subject, serial, publicKey: keys.publicKey },
      ...{ notBeforeMs: nowMs - 30_000, notAfterMs: nowMs + 3600_000, keyUsage: ['digitalSignature'] },
      names: { dns: [], uris: [...(workload.uris ?? [])], ips: [], emails: [] },
    },
    issuer,
  )
  const chain = issuer.chain
    .slice(0, -1)
    .map((pem) => Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64'))
  const decimal = BigInt(`0x${serial.toString('hex')}`)
  return sessionRequest({ nowMs, key: keys.privateKey, leaf, chain, serial: decimal, body })
}
