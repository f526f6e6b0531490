/**
 * A real Vault whose AWS secrets engine makes its keys in moto: others' IAM, STS and S3, which check signatures and what the
 * policies of users and roles allow.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionCredentials } from '../../src/credentials.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { runChild, type ChildRun } from '../rig/processes/child.ts'
import { pythonEnvironment } from '../rig/processes/python.ts'
import { checkFromNowOn, serveMoto, setUp, type MotoServer } from '../rig/servers/moto.ts'
import { startVault, type VaultServer } from '../rig/servers/vault.ts'

export interface VaultAwsAccount {
  readonly vault: VaultServer
  readonly moto: MotoServer
  readonly bucket: string
  /** The AWS CLI with these keys, or as the account's administrator. */
  aws(args: readonly string[], keys?: SessionCredentials): Promise<ChildRun>
  /** A user of the account that may do these actions. @returns keys of it */
  makeUser(name: string, actions: readonly string[]): Promise<AwsKeys>
  /** An AWS secrets engine in Vault whose own keys are these. */
  addEngine(mount: string, root: AwsKeys): Promise<void>
  /** The IAM users that Vault made and that are there still. */
  users(): Promise<readonly string[]>
  /** Vault makes an end of a token's leases in the background. @throws Error where a user is left after some seconds */
  untilNoUsers(): Promise<void>
  close(): Promise<void>
}

export interface AwsKeys {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
}

const BUCKET = 'frontend-vault-aws'
/** At another depth than Vault's own default. */
export const MOUNT = 'cloud/aws-dev'

/** Runs the AWS CLI with words that are split at spaces, and one JSON document behind them. @returns what it printed */
type Command = (words: string, document?: object) => Promise<string>

export async function startVaultAwsAccount(): Promise<VaultAwsAccount> {
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-vault-aws-'))
  process.on('exit', () => rmSync(home, { recursive: true, force: true }))
  const python = pythonEnvironment()
  // With AWS's own managed policies, by which a role in Vault grants rights.
  const moto = await serveMoto(python, home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
  const { url } = moto
  let server: VaultServer | undefined
  const close = async (): Promise<void> => {
    await server?.stop()
    await moto.close()
  }
  try {
    const { root, admin } = await furnish((words, document) =>
      setUp(python, home, url, argumentsOf(words, document)),
    )
    await checkFromNowOn(url)
    const vault = await startVault()
    server = vault
    const aws = (args: readonly string[], keys?: SessionCredentials): Promise<ChildRun> =>
      runChild(python, ['-m', 'awscli', ...args, '--endpoint-url', url, '--output', 'json'], {
        HOME: home,
        AWS_DEFAULT_REGION: EXAMPLE.region,
        AWS_ACCESS_KEY_ID: keys?.accessKeyId ?? admin.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: keys?.secretAccessKey ?? admin.SecretAccessKey,
        ...(keys?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
      })
    const asAdmin: Command = async (words, document) => {
      const { stdout, stderr, code } = await aws(argumentsOf(words, document))
      if (code !== 0) throw new Error(`moto refuses its administrator ${words}: ${stderr}`)
      return stdout
    }
    const account: VaultAwsAccount = {
      vault,
      moto,
      bucket: BUCKET,
      aws,
      makeUser: (name, actions) => makeUser(asAdmin, name, actions),
      addEngine: (mount, keys) => addEngine(vault, mount, url, keys),
      async users() {
        const { Users } = JSON.parse(await asAdmin('iam list-users')) as { Users: { UserName: string }[] }
        return Users.map(({ UserName }) => UserName).filter((name) => /^vault-(?!root$)/.test(name))
      },
      async untilNoUsers() {
        for (let attempt = 0; attempt < 10; attempt += 1) {
          if ((await account.users()).length === 0) return
          await delay(200)
        }
        throw new Error('a user of Vault is left in AWS')
      },
      close,
    }
    await account.addEngine('aws', root)
    await account.addEngine(MOUNT, root)
    return account
  } catch (error) {
    await close()
    throw error
  }
}

function argumentsOf(words: string, document: object | undefined): string[] {
  return [...words.split(' '), ...(document === undefined ? [] : [JSON.stringify(document)])]
}

/** Vault's own user, an administrator, a role that may list buckets, and a bucket. */
async function furnish(aws: Command): Promise<{ readonly root: AwsKeys; readonly admin: AwsKeys }> {
  const root = await makeUser(aws, 'vault-root', ['iam:*', 'sts:*'])
  const admin = await makeUser(aws, 'admin', ['*'])
  const role = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)
  await aws(
    `iam create-role --role-name ${role} --assume-role-policy-document`,
    policy(['sts:AssumeRole'], { Principal: { AWS: '*' } }),
  )
  await aws(
    `iam put-role-policy --role-name ${role} --policy-name list --policy-document`,
    policy(['s3:ListAllMyBuckets'], { Resource: '*' }),
  )
  await aws(`s3 mb s3://${BUCKET}`)
  return { root, admin }
}

async function makeUser(aws: Command, name: string, actions: readonly string[]): Promise<AwsKeys> {
  await aws(`iam create-user --user-name ${name}`)
  if (actions.length > 0) {
    await aws(
      `iam put-user-policy --user-name ${name} --policy-name own --policy-document`,
      policy(actions, { Resource: '*' }),
    )
  }
  const answer = JSON.parse(await aws(`iam create-access-key --user-name ${name}`)) as { AccessKey: AwsKeys }
  return answer.AccessKey
}

function policy(actions: readonly string[], rest: object): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, ...rest }] }
}

async function addEngine(vault: VaultServer, mount: string, url: string, keys: AwsKeys): Promise<void> {
  await vault.write(`sys/mounts/${mount}`, { type: 'aws' })
  await vault.write(`${mount}/config/root`, {
    access_key: keys.AccessKeyId,
    secret_key: keys.SecretAccessKey,
    region: EXAMPLE.region,
    iam_endpoint: url,
    sts_endpoint: url,
    sts_region: EXAMPLE.region,
  })
}
