/** What the real kustomize makes of a folder. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { requireServer } from '../../rig/servers/build.ts'

export const FIXTURES = 'test/real/manifests/fixtures'

/** The objects' YAML, one text each. @param folder from the project's root @throws Error with kustomize's own sentence */
export function render(folder: string): string[] {
  return renderAt(join(ROOT, folder))
}

/** The same of a directory anywhere. */
export function renderAt(folder: string): string[] {
  const { status, stdout, stderr } = kustomize(folder)
  if (status !== 0) throw new Error(`kustomize cannot build ${folder}: ${stderr}`)
  // On stderr kustomize also says what it is going to give up.
  if (stderr !== '') throw new Error(`kustomize warns of ${folder}: ${stderr}`)
  return documents(stdout)
}

/** What kustomize says where it cannot build. */
export function refusal(folder: string): string {
  const { status, stderr } = kustomize(join(ROOT, folder))
  if (status === 0) throw new Error(`kustomize builds ${folder}`)
  return stderr
}

export function documents(yaml: string): string[] {
  return yaml.split(/^---$/m).filter((text) => /^kind: /m.test(text))
}

/** The examples' folders, from the project's root. */
export function exampleFolders(): string[] {
  return readdirSync(join(ROOT, 'k8s/examples')).map((name) => `k8s/examples/${name}`)
}

function kustomize(folder: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(requireServer('kustomize'), ['build', folder], {
    encoding: 'utf8',
    env: cleanEnv({}),
  })
}
