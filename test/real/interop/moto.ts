/** moto's server as an AWS account with one role and one bucket: others' STS, IAM and S3, which check every signature. */
import type { SessionKeys } from '../../rig/emulators/sessions.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { checkFromNowOn, serveMoto, setUp } from '../../rig/servers/moto.ts'

export interface Moto {
  readonly url: string
  readonly bucket: string
  /** What its AssumeRole issued for the role of the example. */
  readonly keys: SessionKeys
  close(): Promise<void>
}

/** @param sessionName the session's name in the assumed role */
export async function startMoto(python: string, home: string, sessionName: string): Promise<Moto> {
  const server = await serveMoto(python, home)
  try {
    const bucket = 'frontend-interop'
    const keys = await furnish((...args) => setUp(python, home, server.url, args), bucket, sessionName)
    await checkFromNowOn(server.url)
    return { ...server, bucket, keys }
  } catch (error) {
    await server.close()
    throw error
  }
}

type Aws = (...args: readonly string[]) => Promise<string>

/** A role that may list buckets, one bucket, and keys for the role. */
async function furnish(aws: Aws, bucket: string, sessionName: string): Promise<SessionKeys> {
  const roleName = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)
  const statement = (action: string, rest: object): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, ...rest }] })
  const trust = statement('sts:AssumeRole', { Principal: { Service: 'rolesanywhere.amazonaws.com' } })
  const list = statement('s3:ListAllMyBuckets', { Resource: '*' })
  await aws('iam', 'create-role', '--role-name', roleName, '--assume-role-policy-document', trust)
  await aws(
    'iam',
    'put-role-policy',
    '--role-name',
    roleName,
    '--policy-name',
    'list',
    '--policy-document',
    list,
  )
  await aws('s3', 'mb', `s3://${bucket}`)
  const answer = JSON.parse(
    await aws('sts', 'assume-role', '--role-arn', EXAMPLE.roleArn, '--role-session-name', sessionName),
  ) as { readonly Credentials: Readonly<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>> }
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}
