/** What `serve` says of an IAM user's keys, for which no answer suits all SDKs: docs/readers.md has who takes them by which way. */
import type { Logger } from '../../run/log.ts'
import type { SessionCredentials } from '../../credentials.ts'

/** @returns what is to be told of all credentials that are served; it warns of the first that have no session token, and of no others */
export function warnOfUserKeys(logger: Logger): (credentials: SessionCredentials) => void {
  let warned = false
  return ({ sessionToken }) => {
    if (warned || sessionToken !== undefined) return
    warned = true
    logger.warn(
      'these keys belong to an IAM user and have no session token, which the endpoint gives as an empty one: SDKs for Java and Rust sign the empty token, the SDK for JavaScript v2 takes no keys from the container endpoint, and CRT crashes over IMDSv2',
      { hint: 'for apps with one of these, use a Vault role that gets its keys from STS, or run renew' },
    )
  }
}
