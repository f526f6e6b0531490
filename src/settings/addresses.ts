/** Checks of addresses. No message repeats an address: any of them may contain a password. */
import { isIP } from 'node:net'
import { METADATA_ADDRESS, type ListenAddress } from '../endpoint/settings.ts'
import type { AddressRange } from './settings.ts'
import { expecting, listOf, port, type Check } from './values.ts'

/** Without a user name: the login's token is the only identity. */
export const vaultAddress: Check<URL> = expecting(
  'http:// or https://, a host and at most a port, such as https://vault.example:8200',
  (text) => origin(text, false),
)

/** http stays on the machine: responses contain credentials, and requests are signed with them. */
export const awsAddress: Check<URL> = expecting(
  'https://, or http:// with a loopback host, and at most a port',
  (text) => {
    const checked = origin(text, false)
    return 'value' in checked && checked.value.protocol === 'http:' && !isLoopback(checked.value)
      ? { wrong: 'is http beyond loopback' }
      : checked
  },
)

/** Where to listen: an address of this machine and a port, in the format of Kubernetes' own flags. */
export const listenAddress: Check<ListenAddress> = expecting(
  'an IP address and a port, such as 0.0.0.0:9912 or [::]:9912',
  (text) => {
    const parts = /^(?:\[([^[\]]*)\]|([^[\]]*)):([^:]*)$/.exec(text)
    if (parts === null) return { wrong: 'is not an address with a port' }
    const [, inBrackets, plain = '', behind = ''] = parts
    if (isIP(plain) === 6 || isIP(text) === 6) return { wrong: 'has an IPv6 address without brackets' }
    const [host, version] = inBrackets === undefined ? [plain, 4] : [inBrackets, 6]
    if (isIP(host) !== version) return { wrong: 'has no IP address before its port' }
    const checked = port(behind)
    return 'value' in checked
      ? { value: { host, port: checked.value } }
      : { wrong: 'has no port from 1 to 65535' }
  },
)

/** One for each address to listen on. */
export const listenAddresses: Check<readonly ListenAddress[]> = listOf(
  'IP addresses with ports, separated by commas, such as 169.254.170.23:9911,[fd00:ec2::23]:9911',
  'is not an address with a port',
  (text) => {
    const checked = listenAddress(text)
    return 'value' in checked ? checked.value : undefined
  },
)

/** RFC 4632, section 3.1, and RFC 4291, section 2.3. */
export const addressRanges: Check<readonly AddressRange[]> = listOf(
  'address ranges in CIDR notation, separated by commas, such as 10.244.0.0/16,fd00:10:244::/56',
  'is not an address range',
  (text) => {
    const [, network = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
    const version = isIP(network)
    if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) return undefined
    return { network, prefix: Number(prefix), family: version === 4 ? 'ipv4' : 'ipv6' }
  },
)

/** The addresses to which SDKs send plain http: loopback, ECS's and EKS's agents. */
export const containerEndpoint: Check<URL> = expecting(
  'an http address on loopback, 169.254.170.23 or [fd00:ec2::23], or an https one',
  (text) => {
    if (!/^https?:\/\/[^/?#\\@]+(?:\/[!-~]*)?$/.test(text) || !URL.canParse(text))
      return { wrong: 'is not a URL with a path' }
    const url = new URL(text)
    const isNear =
      isLoopback(url) || ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'].includes(url.hostname)
    return url.protocol === 'https:' || isNear ? { value: url } : { wrong: 'is http beyond this node' }
  },
)

/**
 * Readers need no secret there, so it must be an address that only this pod reaches; loopback is for trying it out.
 */
export const metadataAddress: Check<ListenAddress> = expecting(
  `${METADATA_ADDRESS} or a loopback address, and a port, such as ${METADATA_ADDRESS}:80`,
  (text) => {
    const checked = listenAddress(text)
    if ('wrong' in checked) return { wrong: checked.wrong }
    const { host } = checked.value
    return host === METADATA_ADDRESS || isLoopbackAddress(host)
      ? checked
      : { wrong: 'is an address that others may reach' }
  },
)

/** A proxy without a scheme is an http one, as in curl and Go. */
export const proxyAddress: Check<URL> = expecting(
  'an http or https proxy such as http://proxy.example:3128',
  (text) => origin(text.includes('://') ? text : `http://${text}`, true),
)

/** 127.0.0.0/8, ::1 and localhost. The URL parser has already normalized addresses. */
export function isLoopback(url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || isLoopbackAddress(hostname.replace(/^\[(.*)\]$/, '$1'))
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^127(\.\d+){3}$/.test(address)
}

/**
 * Checks the text before the URL parser does: the parser drops an empty `?`, `@` or `#`, turns `\` into `/` and accepts
 * `https:host`.
 */
function origin(
  text: string,
  mayHoldUser: boolean,
): { readonly value: URL } | { wrong: string; expected?: string } {
  const parts = /^https?:\/\/([^/?#\\]*)(.*)$/i.exec(text)
  if (parts === null) return { wrong: 'does not begin with http:// or https://' }
  const [, authority = '', rest = ''] = parts
  const user = authority.lastIndexOf('@')
  if (user !== -1 && !mayHoldUser) return { wrong: 'contains a user name or password' }
  const host = authority.slice(user + 1)
  if (!host.startsWith('[') && host.split(':').length > 2) {
    return {
      wrong: 'has an IPv6 address without brackets',
      expected: 'it in brackets: http://[fd00::1]:8200',
    }
  }
  if (rest !== '' && rest !== '/') return { wrong: 'has a path, a query or a fragment' }
  // Not the parser's error: its message repeats the address.
  if (!URL.canParse(text)) return { wrong: 'has no valid host and port' }
  return { value: new URL(text) }
}
