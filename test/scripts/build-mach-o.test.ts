import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMachO } from '../../scripts/build/mach-o.ts'
import { compileOperator } from '../../scripts/build/operator.ts'
import { MAC, machOProblems } from '../../scripts/build/targets.ts'

const PAGE = 4096
/** Two pages and a part of a third. */
const CODE = 2 * PAGE + 100
const REQUIREMENTS = Buffer.from('fade0c010000000c00000000', 'hex')

interface MachO {
  readonly processor?: number
  readonly kind?: number
  readonly platform?: number
  readonly isSigned?: boolean
  readonly library?: string
}

function machO(made: MachO = {}): Buffer {
  const code = Buffer.alloc(CODE, 7)
  const library = Buffer.alloc(64)
  library.writeUInt32LE(24, 8)
  library.write(made.library ?? '/usr/lib/libSystem.B.dylib', 24)
  const commands = [
    command(0x32, [made.platform ?? 1, 0x000d0000, 0x000e0000, 0]),
    command(0xc, library),
    ...(made.isSigned === false ? [] : [command(0x1d, [CODE, 0x400])]),
  ]
  const head = [
    ...[0xfeedfacf, made.processor ?? 0x0100000c, 0, made.kind ?? 2],
    ...[commands.length, commands.reduce((sum, { length }) => sum + length, 0), 0, 0],
  ]
  Buffer.concat([words(head), ...commands]).copy(code)
  return Buffer.concat([code, signatureOf(code)])
}

function command(kind: number, content: Buffer | readonly number[]): Buffer {
  const body = Buffer.isBuffer(content) ? content.subarray(8) : words(content)
  return Buffer.concat([words([kind, body.length + 8]), body])
}

/** Of two special slots the second is the requirements', and the first is empty. */
function signatureOf(code: Buffer): Buffer {
  const pages = [0, 1, 2].map((page) => sha256(code.subarray(page * PAGE, (page + 1) * PAGE)))
  const hashes = Buffer.concat([sha256(REQUIREMENTS), Buffer.alloc(32), ...pages])
  const directory = Buffer.concat([
    bigWords([0xfade0c02, 44 + hashes.length, 0x20100, 2, 44 + 2 * 32, 0, 2, pages.length, code.length]),
    // SHA-256 of 32 bytes, and pages of 2 ** 12.
    Buffer.from([32, 2, 0, 12, 0, 0, 0, 0]),
    hashes,
  ])
  const index = bigWords([0xfade0cc0, 40 + directory.length, 2, 0, 28, 2, 28 + directory.length])
  return Buffer.concat([index, directory, REQUIREMENTS])
}

function words(numbers: readonly number[]): Buffer {
  const buffer = Buffer.alloc(numbers.length * 4)
  numbers.forEach((number, index) => buffer.writeUInt32LE(number, index * 4))
  return buffer
}

function bigWords(numbers: readonly number[]): Buffer {
  return words(numbers).swap32()
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** @param at counted from the end if negative */
function flipped(file: Buffer, at: number): Buffer {
  const other = Buffer.from(file)
  const place = at < 0 ? file.length + at : at
  other[place] = (other[place] ?? 0) ^ 1
  return other
}

const reading = suite('a Mach-O file')

reading('says the oldest macOS and the libraries, and how many pages are signed', () => {
  assert.equal(readMachO(machO()), {
    machine: 'arm64',
    macos: '13.0',
    libraries: ['/usr/lib/libSystem.B.dylib'],
    pages: 3,
  })
})

for (const [what, file, says] of [
  ['text', Buffer.from('#!/bin/sh\n'.repeat(20)), 'no 64-bit Mach-O file'],
  ['another processor', machO({ processor: 0x01000007 }), 'a Mach-O file for processor 1000007'],
  ['a library', machO({ kind: 6 }), 'no executable'],
  ['another system', machO({ platform: 2 }), 'not for macOS'],
  ['no signature', machO({ isSigned: false }), 'no signature'],
  [
    'a flipped bit of the first page',
    flipped(machO(), 1000),
    '1 of 3 pages are not those that were signed: first page 0',
  ],
  [
    'a flipped bit of the last byte of code',
    flipped(machO(), CODE - 1),
    '1 of 3 pages are not those that were signed: first page 2',
  ],
  [
    'a flipped bit of the requirements',
    flipped(machO(), -1),
    'part 2 of the signature is not what was signed',
  ],
  [
    'a flipped bit of an empty slot',
    flipped(machO(), CODE + 28 + 44 + 32),
    'part 1 of the signature is not what was signed',
  ],
  ['another hash', flipped(machO(), CODE + 28 + 37), 'a signature by another hash than SHA-256'],
  [
    'a signature by a certificate',
    machO().fill(0, CODE + 28 + 12, CODE + 28 + 16),
    'a signature that is not ad hoc',
  ],
  [
    'code that is not covered',
    flipped(machO(), CODE + 28 + 35),
    'the signature covers 8293 bytes in 3 pages, and the code has 8292',
  ],
] as const) {
  reading(`refuses ${what}`, () => {
    assert.throws(
      () => readMachO(file),
      (error: Error) => error.message === says || assert.unreachable(error.message),
    )
  })
}

const promise = suite('what a release for Macs promises')

promise('is kept by a file that needs the system alone', () => {
  assert.equal(machOProblems(readMachO(machO()), MAC), [])
})

promise('is not kept by one that needs a library or a newer system', () => {
  const { libraries } = readMachO(machO({ library: '/opt/homebrew/lib/libz.dylib' }))
  assert.equal(machOProblems({ macos: '14.0', libraries }, MAC), [
    'darwin-arm64: it needs macOS 14.0',
    'darwin-arm64: it needs /opt/homebrew/lib/libz.dylib',
  ])
})

promise('is not made for Intel processors, by a sentence', () => {
  assert.throws(
    () => compileOperator('/nowhere', 'bun-darwin-x64'),
    /^there is no executable for Macs with Intel processors, .*: install the package with npm instead$/,
  )
})

reading.run()
promise.run()
