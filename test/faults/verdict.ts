/** What every cell must hold, whatever its fault. No message here repeats what was found. */
import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { failed } from '../e2e/outcome.ts'
import { EXITS, MAY_LEAVE_A_TOKEN, type Cell } from './matrix.ts'
import type { Driven } from './drive.ts'

/** The credentials file before the run: a profile of its own, and one that the run replaces. */
export const OLD_FILE =
  '# mine\n[default]\naws_access_key_id = AKIAOLDOLDOLDOLDOLD\n\n[other]\naws_access_key_id = AKIAOTHEROTHEROTHER\n'

const STAGES = { login: 'identity', sign: 'certificate', exchange: 'exchange', revoke: 'identity' } as const

/** @param run as text, with neither --quiet nor --verbose */
export function verdict(cell: Cell, driven: Driven): void {
  const { step, meaning } = cell
  const { run } = driven
  secretsAreHidden(driven)
  const outOfReach = step === 'sign' && (cell.act.kind === 'refuse' || cell.act.kind === 'tls')
  const warnings = run.stderr.split('\n').filter((line) => line.startsWith('aws-iam-ra: warning: '))
  if (meaning.ending === 'passes' || step === 'revoke') {
    assert.is(run.code, 0, run.stderr)
    isNewFile(driven)
    assert.is(warnings.length, meaning.ending === 'passes' ? 0 : 1, run.stderr)
    if (meaning.ending !== 'passes') {
      assert.match(
        warnings[0] ?? '',
        'the Vault token could not be revoked and stays valid for at most 300 s: ',
      )
      assert.match(warnings[0] ?? '', meaning.says)
    }
  } else {
    failed(run, EXITS[step], new RegExp(`^aws-iam-ra: ${STAGES[step]}: `), meaning.hint)
    const [sentence = ''] = run.terminationLog.split('\n')
    assert.match(sentence, meaning.says)
    if (meaning.ending === 'again') assert.match(sentence, /DEADLINE of \d+ s/)
    assert.is(run.credentials, OLD_FILE, 'the old file is not as it was')
    // Where the next step's request cannot get to Vault, revoking cannot either.
    const isLost = step === 'login' && MAY_LEAVE_A_TOKEN.has(cell.fault)
    assert.is(warnings.length, outOfReach || isLost ? 1 : 0, run.stderr)
    if (isLost) {
      assert.match(
        warnings[0] ?? '',
        /the answer to .* was lost or could not be read: .* the token_ttl of auth\/kubernetes\/role\/iamanywhere, /,
      )
    }
  }
  assert.equal(run.files, ['.aws/credentials'], 'something was left beside the file')
  const asked = requestsOf(cell, driven)
  assert.ok(asked <= meaning.requests, `${asked} requests, where ${meaning.requests} are allowed`)
  if (meaning.requests > 0) assert.ok(asked > 0, 'the fault was never met')
  if (meaning.ending === 'again' && meaning.requests > 1) assert.ok(asked > 1, 'it was not tried again')
  noTokenIsLeft(cell, driven, outOfReach)
}

/** @param driven with everything logged as JSON lines */
export function logVerdict({ step, meaning }: Cell, driven: Driven): void {
  secretsAreHidden(driven)
  const lines = driven.run.stderr.trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const errors = entries.filter(({ level }) => level === 'error')
  assert.equal(
    errors.map(({ stage, code }) => [stage, code]),
    meaning.code === undefined ? [] : [[STAGES[step], meaning.code]],
  )
}

/** At the proxy, and at the emulator without it, where a redirect led. */
function requestsOf({ step }: Cell, { proxy, run }: Driven): number {
  const direct = (step === 'exchange' ? run.aws : run.vault).filter(({ request }) =>
    request.path.includes(PATHS[step]),
  ).length
  return proxy.count(step) + direct - proxy.forwarded(step)
}

const PATHS = { login: '/login', sign: '/sign/', exchange: '/sessions', revoke: '/revoke-self' } as const

/** A token that the client has is revoked, but where the server of that step is the one that fails. */
function noTokenIsLeft({ step }: Cell, { run, logins, live }: Driven, unreachable: boolean): void {
  const used = new Set(run.vault.map(({ request }) => request.header('x-vault-token') ?? ''))
  used.delete('')
  // Of the emulator's logins the fault kept some from the client, which can only end by themselves.
  const unseen = step === 'login' ? logins - used.size : 0
  const ended = run.vault.some(({ request }) => request.path.includes(PATHS.revoke))
  const lives = (step === 'revoke' && !ended) || unreachable ? 1 : 0
  assert.is(live, unseen + lives, 'a Vault token lives on')
}

/** The three values of one session that was issued in this run, and all else as it was. */
function isNewFile({ run, issued }: Driven): void {
  const { accessKeyId, secretAccessKey, sessionToken } = issued.at(-1) ?? {}
  const text = run.credentials ?? ''
  const lines = [
    `aws_access_key_id = ${accessKeyId ?? ''}`,
    `aws_secret_access_key = ${secretAccessKey ?? ''}`,
    `aws_session_token = ${sessionToken ?? ''}`,
  ]
  assert.ok(
    lines.every((line) => text.split('\n').includes(line)),
    'the new keys are not whole',
  )
  const kept = OLD_FILE.split('\n').filter((line) => !line.includes('AKIAOLD'))
  assert.ok(
    kept.every((line) => text.split('\n').includes(line)),
    'another profile was changed',
  )
}

/** Every secret that went through the proxy in either direction, whole or a good part of it. */
function secretsAreHidden({ run, proxy, issued }: Driven): void {
  const secrets = [
    readFileSync(run.folder.token, 'utf8'),
    ...proxy.bodies.flatMap((body) => [...body.matchAll(SECRETS)].map((found) => found[0])),
    ...run.vault.map(({ request }) => request.header('x-vault-token') ?? ''),
    ...issued.flatMap((one) => [one.secretAccessKey, one.sessionToken, one.accessKeyId]),
  ].filter((secret) => secret.length >= 16)
  const parts = new Set(secrets.flatMap(partsOf))
  for (const text of [run.stdout, run.stderr, run.terminationLog])
    assert.not.ok(
      [...parts].some((part) => text.includes(part)),
      'a secret is shown',
    )
}

/** JSON Web Tokens, Vault tokens, and what AWS issues, by the shapes of the emulators. */
const SECRETS =
  /eyJ[\w-]+\.[\w-]+\.[\w-]+|hv[sbr]\.[\w-]{8,}|ASIA\w{16}|(?<="(?:secretAccessKey|sessionToken)":")[^"]+/g

const PART = 20

/** The whole, each part of a token between dots, and windows of 20 characters. */
function partsOf(secret: string): string[] {
  if (secret.length <= PART) return [secret]
  const windows: string[] = []
  for (let at = 0; at + PART <= secret.length; at += PART / 2) windows.push(secret.slice(at, at + PART))
  return [secret, secret.slice(-PART), ...windows]
}
