/** The environment of the pod spec in docs/by-hand.md, with the emulators in place of the servers. */
import type { Stage } from '../../test/rig/emulators/stage.ts'

export function podEnv(
  stage: Pick<Stage, 'env'>,
  tokenFile: string,
  credentialsFile: string,
): Readonly<Record<string, string>> {
  return {
    ...stage.env,
    SERVICE_ACCOUNT_TOKEN_FILE: tokenFile,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    BUN_JSC_useJIT: '0',
  }
}
