/** NO_PROXY as read by Go's httpproxy, which Vault and Kubernetes use; blanks separate entries too, as in curl. */
import { BlockList, isIP } from 'node:net'
import { wireName } from '../net/wire-name.ts'

/**
 * Whether an entry matches the target. `*` matches everything; `a.b` matches itself and its subdomains; `.a.b` and
 * `*.a.b` match subdomains only; addresses and CIDR blocks match addresses, never a name that resolves to one. An entry
 * with a port matches that port alone. Invalid entries are skipped.
 */
export function bypassesProxy(noProxy: string, target: URL): boolean {
  const host = wireName(target.hostname.replace(/^\[(.*)\]$/, '$1'))
  const port = target.port === '' ? defaultPort(target) : target.port
  return noProxy
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => entry !== '' && names(entry, host, port))
}

function names(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInBlock(host, entry)
  const [whole, entryPort] = splitPort(entry)
  const entryHost = wireName(whole)
  if (entryPort !== undefined && entryPort !== port) return false
  if (isIP(entryHost) !== 0) return isInBlock(host, `${entryHost}/${isIP(entryHost) === 4 ? 32 : 128}`)
  const name = entryHost.replace(/^\*(?=\.)/, '')
  if (name === '' || isIP(host) !== 0) return false
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}

/** An IPv6 literal without brackets has colons of its own and no port. */
function splitPort(entry: string): [host: string, port: string | undefined] {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(entry)
  if (bracketed !== null) return [bracketed[1] ?? '', bracketed[2]]
  if (isIP(entry) === 6) return [entry, undefined]
  const parts = /^([^:]*):(\d+)$/.exec(entry)
  return parts === null ? [entry, undefined] : [parts[1] ?? '', parts[2]]
}

function isInBlock(host: string, block: string): boolean {
  const parts = /^\[?([^\][]*)\]?\/(\d{1,3})$/.exec(block)
  const [, network = '', prefix = ''] = parts ?? []
  const [family, hostFamily] = [isIP(network), isIP(host)]
  if (family === 0 || family !== hostFamily || Number(prefix) > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function defaultPort(target: URL): string {
  return target.protocol === 'http:' ? '80' : '443'
}
