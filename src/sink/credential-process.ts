/** The sink of `credential-process`: prints what the SDK that started us expects on stdout. */
import { timestamp } from '../text/time.ts'
import type { SessionCredentials } from '../credentials.ts'
import type { Sink } from './sink.ts'

export function credentialProcess(): Sink {
  return {
    store: (credentials, watch) =>
      watch.step({ name: 'stdout', title: 'stdout', stage: 'sink', how: 'reads' }, ({ runtime }) => {
        runtime.stdout(credentialProcessOutput(credentials))
        return Promise.resolve()
      }),
    preview: () => [],
    describe: () => 'credentials printed',
  }
}

/**
 * One line of JSON with a line break at its end: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 * Without AccountId, like AWS's own helper: it would make SDKs use account-based endpoints, which a network may block.
 */
export function credentialProcessOutput(credentials: SessionCredentials): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = credentials
  return `${JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    // Left out if there is none: SDKs would send an empty one.
    SessionToken: sessionToken,
    Expiration: timestamp(expiresAtMs),
  })}\n`
}
