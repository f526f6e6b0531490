/** buildah with its own storage, which is removed with the process: the user's images are neither seen nor touched. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnv } from '../../test/rig/processes/clean-env.ts'

export interface Build {
  /** The Containerfile; its directory is the build context. */
  readonly file: string
  readonly tag: string
  /** Directories by the names that the Containerfile copies from; a stage with such a name is not built. */
  readonly contexts?: Readonly<Record<string, string>>
  readonly architecture?: string
  readonly args?: Readonly<Record<string, string>>
}

export interface Buildah {
  /** @param createdSeconds the creation time recorded in the image, so that the same files give the same bytes */
  build(build: Build, createdSeconds: number): void
  /** @param destination such as `oci:<directory>` or `docker-archive:<file>:<tag>` */
  push(tag: string, destination: string): void
  close(): void
}

export function openBuildah(): Buildah {
  const storage = mkdtempSync(join(tmpdir(), 'iam-ra-buildah-'))
  const close = (): void => rmSync(storage, { recursive: true, force: true })
  process.once('exit', close)
  const run = (...args: readonly string[]): void => {
    const own = [
      '--root',
      join(storage, 'root'),
      '--runroot',
      join(storage, 'run'),
      '--storage-driver',
      'vfs',
    ]
    const { status, signal, stderr, error } = spawnSync('buildah', [...own, ...args], {
      encoding: 'utf8',
      env: cleanEnv({ HOME: storage }),
    })
    if (status === 0) return
    throw new Error(
      error === undefined
        ? `buildah ${args[0] ?? ''} ${signal === null ? `failed: ${stderr.slice(-2000)}` : `was killed by ${signal}`}`
        : `cannot start buildah (${error.message}): install it, for example with apt-get install buildah`,
    )
  }
  return {
    build({ file, tag, contexts = {}, architecture, args = {} }, createdSeconds) {
      run(
        'build',
        ...['--quiet', '--isolation=chroot', '--format=oci', `--timestamp=${createdSeconds}`, `--tag=${tag}`],
        ...Object.entries(contexts).map(([name, folder]) => `--build-context=${name}=${folder}`),
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        ...(architecture === undefined ? [] : [`--platform=linux/${architecture}`]),
        `--file=${file}`,
        join(file, '..'),
      )
    },
    push: (tag, destination) => run('push', '--quiet', tag, destination),
    close,
  }
}
