/**
 * An app with AWS's JavaScript SDK v2, told nothing but its environment. The argument is the folder that holds the SDK, which
 * is no package of the project's own.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { run, type Found } from './javascript.ts'

interface Credentials extends Found {
  readonly expireTime?: Date | null
}

interface Provider {
  resolvePromise(): Promise<Credentials>
}

interface Aws {
  readonly VERSION: string
  readonly CredentialProviderChain: new () => Provider
  readonly STS: new (options: object) => {
    getCallerIdentity(): { promise(): Promise<{ readonly Arn: string }> }
  }
}

const folder = process.argv[2] ?? '.'
const load = createRequire(join(folder, 'node_modules/any.js'))

/** It reads AWS_EC2_METADATA_SERVICE_ENDPOINT when it is loaded. */
function loadAnew(): Aws {
  for (const path of Object.keys(load.cache)) Reflect.deleteProperty(load.cache, path)
  return load('aws-sdk') as Aws
}

interface App {
  readonly aws: Aws
  readonly chain: Provider
  found?: Credentials & { get?(done: (error: Error | undefined) => void): void }
}

async function credentialsOf(app: App): Promise<Credentials> {
  const found = (app.found ??= await app.chain.resolvePromise())
  // As each of its requests does: what has expired is fetched again.
  await new Promise<void>((resolve, reject) => {
    if (found.get === undefined) resolve()
    else found.get((error) => (error ? reject(error) : resolve()))
  })
  return found
}

await run<App>({
  version: loadAnew().VERSION,
  start: () => {
    const aws = loadAnew()
    return { aws, chain: new aws.CredentialProviderChain() }
  },
  async credentials(app) {
    const { accessKeyId, secretAccessKey, sessionToken, expireTime } = await credentialsOf(app)
    return {
      accessKeyId,
      secretAccessKey,
      sessionToken: sessionToken ?? null,
      expires: expireTime ?? undefined,
    }
  },
  async use(app) {
    const { AWS_ENDPOINT_URL_STS: endpoint, AWS_REGION: region } = process.env
    const sts = new app.aws.STS({ credentials: await credentialsOf(app), endpoint, region })
    const { Arn: arn } = await sts.getCallerIdentity().promise()
    return { arn }
  },
})
