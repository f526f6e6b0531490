/**
 * docs/cli.md and docs/migrating.md with the output of their shell lines, run against an emulated account, a real Vault and a
 * real cluster, by an operator with no more permissions in AWS than k8s/aws/operator-policy.json gives; lines with `aws` are
 * run by the owner of other roles. Run to write them; a test checks them.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'
import { withSessions } from '../../../scripts/cli-page.ts'
import { Normaliser } from '../../../scripts/normalised.ts'
import { effectOf, type PolicyDocument } from '../../rig/emulators/identity-policy.ts'
import { startGround } from './ground.ts'

export const PAGES = ['docs/cli.md', 'docs/migrating.md'].map((page) => join(ROOT, page))
/** For lines that need a file. */
const FIXTURES = join(import.meta.dirname, 'fixtures/migrating')
const POLICY = join(ROOT, 'k8s/aws/operator-policy.json')

export async function sessionsOf(page: string): Promise<string> {
  const ground = await startGround()
  const policy = JSON.parse(readFileSync(POLICY, 'utf8')) as PolicyDocument
  cpSync(FIXTURES, join(ground.home, 'fixtures'), { recursive: true })
  cpSync(join(ROOT, 'k8s/injection'), join(ground.home, 'injection'), { recursive: true })
  const normaliser = new Normaliser([
    [ground.vault.url, 'https://vault.example.com:8200'],
    [ground.vaultServer.url, 'https://vault.example.com:8200'],
    [ground.kubernetes.url, 'https://kubernetes.example.com:6443'],
    [ground.home, '/home/operator'],
  ])
  try {
    return await withSessions(page, async (line) => {
      const isOwner = line.startsWith('aws ')
      ground.aws.permissions.may = (asked) => isOwner || effectOf([policy], asked) === 'Allow'
      // In the order in which a terminal shows them.
      const { code, stdout } = await ground.shell(`exec 2>&1; cd "$HOME"; ${line}`)
      return { code, output: normaliser.normalise(stdout, Date.now()) }
    })
  } finally {
    await ground.stop()
  }
}

if (import.meta.main) {
  for (const page of PAGES) writeFileSync(page, await sessionsOf(readFileSync(page, 'utf8')))
}
