/** The images of the node: ours, one in the place of the AWS CLI's, and what holds a pod's namespaces. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { buildImage } from '../../scripts/images.ts'
import { openBuildah, type Buildah } from '../../scripts/images/buildah.ts'
import { layExecutable } from '../../scripts/images/files.ts'
import { makeAuthority } from './authority.ts'

/** As overlay/ names them; no registry has them. */
export const TAGS = {
  sandbox: 'localhost/iam-ra-test/sandbox:test',
  'aws-iam-ra': 'localhost/iam-ra-test/aws-iam-ra:test',
  aws: 'localhost/iam-ra-test/aws:test',
} as const
export type ImageName = keyof typeof TAGS

/**
 * By the names that iam-ra prints: the same with one more file and AWS_CA_BUNDLE, for AWS's names are answered here by servers
 * whose CA no printed manifest knows.
 */
export const PRINTED = {
  'aws-iam-ra': 'registry.example/aws-iam-ra:0.1.0',
  aws: 'public.ecr.aws/aws-cli/aws-cli:2.31.0',
} as const
export type PrintedName = keyof typeof PRINTED

/** @throws Error outside of the run that builds them */
export function imagesFolder(): string {
  const folder = process.env['IAM_RA_IMAGES']
  if (folder === undefined) throw new Error('IAM_RA_IMAGES names no folder of images: run npm run test:e2e')
  return folder
}

export const printedArchive = (name: PrintedName): string => join(imagesFolder(), `printed-${name}.tar`)

const BUSYBOX = '/bin/busybox'

/** Of the executable in dist: an archive of each, `<name>.tar` and `printed-<name>.tar`, and the authority that the latter trust. */
export function buildImages(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const buildah = openBuildah()
  try {
    buildImage(buildah, { executable: join(ROOT, 'dist/aws-iam-ra'), tag: TAGS['aws-iam-ra'] })
    buildOwn(buildah, 'sandbox', (files) => layBusybox(files, []))
    buildOwn(buildah, 'aws', (files) => {
      layBusybox(files, ['sh', 'sleep'])
      layReader(files)
    })
    for (const [name, tag] of Object.entries(TAGS)) {
      buildah.push(tag, `docker-archive:${join(folder, `${name}.tar`)}:${tag}`)
    }
    const { pem } = makeAuthority(folder)
    for (const [name, tag] of Object.entries(PRINTED)) {
      buildTrusting(buildah, TAGS[name as PrintedName], tag, pem)
      buildah.push(tag, `docker-archive:${join(folder, `printed-${name}.tar`)}:${tag}`)
    }
  } finally {
    buildah.close()
  }
}

function buildTrusting(buildah: Buildah, base: string, tag: string, ca: string): void {
  const context = mkdtempSync(join(tmpdir(), 'iam-ra-image-'))
  try {
    const file = join(context, 'Containerfile')
    cpSync(join(import.meta.dirname, 'images/trusting/Containerfile'), file)
    writeFileSync(join(context, 'ca.crt'), `${ca}\n`)
    buildah.build({ file, tag, args: { BASE: base } }, 0)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

function buildOwn(buildah: Buildah, name: 'sandbox' | 'aws', lay: (files: string) => void): void {
  const context = mkdtempSync(join(tmpdir(), 'iam-ra-image-'))
  try {
    cpSync(join(import.meta.dirname, 'images', name, 'Containerfile'), join(context, 'Containerfile'))
    mkdirSync(join(context, 'files'))
    lay(join(context, 'files'))
    buildah.build({ file: join(context, 'Containerfile'), tag: TAGS[name] }, 0)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

function layBusybox(files: string, applets: readonly string[]): void {
  mkdirSync(join(files, 'bin'))
  copyFileSync(BUSYBOX, join(files, 'bin/busybox'))
  for (const applet of applets) symlinkSync('busybox', join(files, 'bin', applet))
}

function layReader(files: string): void {
  const node = join(ROOT, 'node_modules/node/bin/node')
  layExecutable(node, files, '/usr/local/bin/node')
  for (const folder of ['etc', 'root', 'usr/local/lib']) mkdirSync(join(files, folder), { recursive: true })
  for (const name of ['aws', 'search']) bundle(name, join(files, 'usr/local/lib', `${name}.mjs`))
  const script = (path: string, text: string): void =>
    writeFileSync(join(files, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  script('usr/local/bin/aws', 'exec /usr/local/bin/node /usr/local/lib/aws.mjs "$@"')
  script('bin/bash', 'exec /bin/sh "$@"')
  writeFileSync(join(files, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
}

function bundle(name: string, outfile: string): void {
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-bundle-'))
  try {
    const { status, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/bun'),
      [
        'build',
        join(import.meta.dirname, 'images/aws', `${name}.ts`),
        '--target=node',
        `--outfile=${outfile}`,
      ],
      { encoding: 'utf8', env: cleanEnv({ HOME: home }) },
    )
    if (status !== 0) throw new Error(`bun build of ${name}.ts failed:\n${stderr}`)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
