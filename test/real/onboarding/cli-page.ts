/**
 * docs/cli.md with the output of its shell lines, run against an emulated account, a real Vault and a real cluster, by an
 * operator with no more permissions in AWS than k8s/aws/operator-policy.json gives. Run to write it; a test checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'
import { withSessions } from '../../../scripts/cli-page.ts'
import { Normaliser } from '../../../scripts/normalised.ts'
import { effectOf, type PolicyDocument } from '../../rig/emulators/identity-policy.ts'
import { startGround } from './ground.ts'

export const CLI_PAGE = join(ROOT, 'docs/cli.md')
const POLICY = join(ROOT, 'k8s/aws/operator-policy.json')

export async function sessionsOf(page: string): Promise<string> {
  const ground = await startGround()
  const policy = JSON.parse(readFileSync(POLICY, 'utf8')) as PolicyDocument
  ground.aws.permissions.may = (asked) => effectOf([policy], asked) === 'Allow'
  const normaliser = new Normaliser([
    [ground.vault.url, 'https://vault.example.com:8200'],
    [ground.vaultServer.url, 'https://vault.example.com:8200'],
    [ground.kubernetes.url, 'https://kubernetes.example.com:6443'],
    [ground.home, '/home/operator'],
  ])
  try {
    return await withSessions(page, async (line) => {
      // In the order in which a terminal shows them.
      const { code, stdout } = await ground.shell(`exec 2>&1; cd "$HOME"; ${line}`)
      return { code, output: normaliser.normalise(stdout, Date.now()) }
    })
  } finally {
    await ground.stop()
  }
}

if (import.meta.main) writeFileSync(CLI_PAGE, await sessionsOf(readFileSync(CLI_PAGE, 'utf8')))
