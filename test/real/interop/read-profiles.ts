/** Credentials files as AWS's JavaScript SDK reads them: a list of {path, profile} in, a list of views out. */
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { STSClient } from '@aws-sdk/client-sts'

interface Sections {
  readonly credentialsFile: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface Loader {
  loadSharedConfigFiles(where: { readonly filepath: string }): Promise<Sections>
}

// The very copy that the client uses, which is no package of ours.
const { loadSharedConfigFiles } = createRequire(
  createRequire(import.meta.url).resolve('@aws-sdk/client-sts'),
)('@smithy/core/config') as Loader

async function attempt<Value>(read: () => Promise<Value>): Promise<{ value: Value } | { error: string }> {
  try {
    return { value: await read() }
  } catch (error) {
    return { error: error instanceof Error ? error.name : String(error) }
  }
}

async function keysOf(profile: string): Promise<(string | undefined)[]> {
  const client = new STSClient({ profile, region: 'eu-central-1' })
  const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials()
  return [accessKeyId, secretAccessKey, sessionToken]
}

const files = JSON.parse(await text(process.stdin)) as { readonly path: string; readonly profile: string }[]
const views = []
for (const { path, profile } of files) {
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = path
  views.push({
    sections: await attempt(async () => (await loadSharedConfigFiles({ filepath: path })).credentialsFile),
    keys: await attempt(() => keysOf(profile)),
    providers: {},
  })
}
process.stdout.write(JSON.stringify({ 'JavaScript SDK': views }))
