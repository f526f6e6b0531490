/**
 * The main use case in one command: emulators of Vault and AWS on loopback, `aws-iam-ra` in its own process with the
 * environment of the pod spec in docs/by-hand.md, then the part of the app container: AWS's own SDK reads the file.
 * With --real, a real Vault asks a real kube-apiserver about the token; AWS is still emulated.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startStage, type Stage } from '../test/rig/emulators/stage.ts'
import { scratchFolder } from '../test/rig/processes/process.ts'
import { startReference } from '../test/rig/servers/reference.ts'
import { build } from './build.ts'
import { ROOT } from './checks/files.ts'
import { cleanEnv } from '../test/rig/processes/clean-env.ts'
import { createDisplay } from './demo/display.ts'
import { podEnv } from './demo/pod-env.ts'
import { ensureServers } from '../test/rig/servers/build.ts'

const REGION = 'eu-central-1'

const display = createDisplay(process.stdout)

/** Seconds; the API server's default for a projected volume. */
const TOKEN_LIFETIME = 3600

type DemoStage = Pick<Stage, 'vault' | 'sts' | 's3' | 'token' | 'env' | 'close'>

async function demo(keep: boolean, real: boolean): Promise<void> {
  if (real) await ensureServers()
  display.begin('build dist/aws-iam-ra')
  build()
  display.done()

  const servers = real
    ? 'Vault, kube-apiserver and etcd, and emulators of IAM Roles Anywhere, STS and S3, on loopback'
    : 'emulators of Vault, IAM Roles Anywhere, STS and S3 on loopback'
  display.begin(`start ${servers}`)
  const stage: DemoStage = real ? await startReference() : await startStage()
  try {
    display.done(`${servers}, Vault at ${stage.vault.url}`)
    const folder = scratchFolder('demo')
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, stage.token({ lifetimeSeconds: TOKEN_LIFETIME }), { mode: 0o600 })
    const credentialsFile = join(folder, '.aws/credentials')
    const initEnv = podEnv(stage, tokenFile, credentialsFile)
    const appEnv = {
      AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
      AWS_REGION: REGION,
      // Version 1 of the AWS CLI reads this one instead.
      AWS_DEFAULT_REGION: REGION,
      AWS_ENDPOINT_URL_STS: stage.sts.url,
      AWS_ENDPOINT_URL_S3: stage.s3.url,
    }
    display.heading('init container: aws-iam-ra')
    await runInitContainer(initEnv)
    display.heading("app container: AWS's JavaScript SDK reads the file")
    await runApp({ ...appEnv, HOME: folder })
    display.heading('it works')
    if (keep) await keepUp(stage, initEnv, appEnv)
  } finally {
    await stage.close()
  }
}

interface LogLine {
  readonly level: string
  readonly message: string
  readonly hint?: string
  readonly [field: string]: unknown
}

/** The step that follows each line of the binary's log. */
const NEXT_STEP: Readonly<Record<string, string>> = {
  'logged in to Vault': 'generate a key, have Vault sign a certificate',
  'certificate signed and checked': 'exchange the certificate with Roles Anywhere',
  'exchanged for session credentials': 'write the credentials file',
}

/** Each line that the binary logs ends a step. */
async function runInitContainer(env: Readonly<Record<string, string>>): Promise<void> {
  let failure: LogLine | undefined
  let next = 'start, log in to Vault'
  display.begin(next)
  const code = await runChild(
    join(ROOT, 'dist/aws-iam-ra'),
    ['--verbose', '--log-format', 'json'],
    // Only what the pod spec sets: no PATH, so no Node either.
    env,
    (text) => {
      const line = parseLine(text)
      if (line.level === 'error') failure = line
      else if (line.level === 'warn') display.note(`warning: ${line.message}`)
      else {
        display.done(line.message, describe(line))
        next = NEXT_STEP[line.message] ?? next
        if (line.level !== 'info') display.begin(next)
      }
    },
  )
  display.stop()
  if (code !== 0) {
    throw new Error(
      `aws-iam-ra exited with ${code}: ${failure?.message ?? 'no reason given'}${failure?.hint === undefined ? '' : `\nhint: ${failure.hint}`}`,
    )
  }
}

/** A line that is not JSON comes from the runtime, and is worth showing. */
function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { level: 'warn', message: text }
  }
}

function describe(line: LogLine): string[] {
  const hidden = ['time', 'level', 'message', 'stage']
  return Object.entries(line)
    .filter(([key, value]) => !hidden.includes(key) && value !== '')
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
}

async function runApp(env: Readonly<Record<string, string>>): Promise<void> {
  display.begin('load the SDK, ask STS for the caller identity')
  let reason = ''
  const code = await runChild(
    process.execPath,
    [join(ROOT, 'scripts/demo/app.ts')],
    cleanEnv(env),
    (text) => {
      reason = text
      display.done(text)
      display.begin('list buckets')
    },
  )
  display.stop()
  if (code !== 0) throw new Error(`the app container failed: ${reason}`)
}

/** Runs a command to its end; every line of its stdout and stderr goes to `onLine`. */
function runChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onLine: (text: string) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.on('error', reject)
    createInterface({ input: child.stdout }).on('line', onLine)
    createInterface({ input: child.stderr }).on('line', onLine)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

async function keepUp(
  stage: DemoStage,
  initEnv: Readonly<Record<string, string>>,
  appEnv: Readonly<Record<string, string>>,
): Promise<void> {
  const exports = (env: Readonly<Record<string, string>>): string =>
    Object.entries(env)
      .map(([name, value]) => `export ${name}='${value}'`)
      .join('\n')
  process.stdout.write(
    `\nThe servers stay up until Ctrl-C (the token lasts an hour).\n\n` +
      `# the app container, for example: aws sts get-caller-identity; aws s3 ls\n${exports(appEnv)}\n\n` +
      `# the init container, for example: dist/aws-iam-ra --verbose\n${exports(initEnv)}\n`,
  )
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  process.stdout.write(`\nstopping ${stage.vault.url} and the other servers\n`)
}

const args = process.argv.slice(2)
const unknown = args.filter((arg) => arg !== '--keep' && arg !== '--real')
try {
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown.join(' ')}: expected --keep or --real`)
  await demo(args.includes('--keep'), args.includes('--real'))
} catch (error) {
  display.failed(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
