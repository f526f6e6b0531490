/** What is started: the shipped file and what stands beside it, with the settings of a pod's sidecar. */
import { join } from 'node:path'
import { EXAMPLE, type Stage } from '../emulators/stage.ts'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { Program } from './service.ts'

export interface Scene {
  readonly stage: Stage
  /** In memory, as the pod's volumes are; the token is in it. */
  readonly folder: string
  /** Path of the shipped file. */
  readonly executable: string
  readonly endpointPort: number
  readonly healthPort: number
}

export const SERVED = 'serving credentials'
export const LISTENING = 'listening on'

/** Where `serve` leaves the container endpoint's token. */
export function authorizationFile({ folder }: Scene): string {
  return join(folder, 'authorization')
}

export function serveProgram(scene: Scene, env: Program['env'] = {}): Program {
  return { argv: [scene.executable, 'serve'], env: { ...podEnv(scene), ...env }, renewed: SERVED }
}

export function nodeServeProgram(scene: Scene): Program {
  const argv = [process.execPath, join(ROOT, 'src/aws-iam-ra.ts'), 'serve']
  return { argv, env: podEnv(scene), renewed: SERVED }
}

export function renewProgram(scene: Scene): Program {
  return { argv: [scene.executable, 'renew'], env: podEnv(scene), renewed: 'credentials written' }
}

/** @param bytes of each answer's body */
export function responderProgram(bytes: number): Program {
  return {
    argv: [process.execPath, join(import.meta.dirname, 'responder.ts'), String(bytes)],
    env: {},
    renewed: '',
  }
}

/** As the manifests of k8s/sidecar set it, names and addresses apart. */
function podEnv(scene: Scene): Program['env'] {
  const { stage, folder, endpointPort, healthPort } = scene
  return {
    ...stage.env,
    HOME: folder,
    SERVICE_ACCOUNT_TOKEN_FILE: join(folder, 'token'),
    CERT_URI_SANS: EXAMPLE.uri,
    TERMINATION_LOG: join(folder, 'none'),
    ENDPOINT_PORT: String(endpointPort),
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: authorizationFile(scene),
    HEALTH_ADDR: `127.0.0.1:${healthPort}`,
  }
}
