import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareVersions, readElf } from '../../scripts/build/elf.ts'
import { elfProblems } from '../../scripts/build/targets.ts'

/** Where the file's parts are; it is loaded at BASE in one piece. */
const BASE = 0x400000
const AT = { interpreter: 0x100, dynamic: 0x200, versions: 0x300, strings: 0x400 } as const
const STRINGS = ['', 'libc.so.6', 'libm.so.6', 'GLIBC_2.4', 'GLIBC_2.17', 'GLIBC_PRIVATE', 'GCC_3.0'] as const

function stringAt(text: (typeof STRINGS)[number]): number {
  return STRINGS.slice(0, STRINGS.indexOf(text)).reduce((length, one) => length + one.length + 1, 0)
}

interface Elf {
  readonly machine?: number
  readonly segments?: readonly ('interpreter' | 'dynamic')[]
}

function elf({ machine = 62, segments = ['interpreter', 'dynamic'] }: Elf = {}): Buffer {
  const file = Buffer.alloc(0x500)
  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeUInt16LE(machine, 18)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(segments.length + 1, 56)
  const segment = (index: number, type: number, offset: number, size: number): void => {
    const at = 64 + index * 56
    file.writeUInt32LE(type, at)
    file.writeBigUInt64LE(BigInt(offset), at + 8)
    file.writeBigUInt64LE(BigInt(BASE + offset), at + 16)
    file.writeBigUInt64LE(BigInt(size), at + 32)
  }
  segment(0, 1, 0, file.length)
  segments.forEach((name, index) => segment(index + 1, name === 'dynamic' ? 2 : 3, AT[name], 6 * 16))
  file.write('/lib64/ld-linux-x86-64.so.2\0', AT.interpreter, 'latin1')
  file.write(STRINGS.join('\0'), AT.strings, 'latin1')
  const dynamic = [
    [1, stringAt('libm.so.6')],
    [1, stringAt('libc.so.6')],
    [5, BASE + AT.strings],
    [0x6ffffffe, BASE + AT.versions],
    [0x6fffffff, 2],
    [0, 0],
  ] as const
  dynamic.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(BigInt(tag), AT.dynamic + index * 16)
    file.writeBigUInt64LE(BigInt(value), AT.dynamic + index * 16 + 8)
  })
  versions(file, AT.versions, 'libm.so.6', ['GLIBC_2.4'], 48)
  versions(file, AT.versions + 48, 'libc.so.6', ['GLIBC_2.17', 'GLIBC_PRIVATE', 'GCC_3.0'], 0)
  return file
}

function versions(
  file: Buffer,
  at: number,
  library: (typeof STRINGS)[number],
  names: readonly (typeof STRINGS)[number][],
  next: number,
): void {
  file.writeUInt16LE(1, at)
  file.writeUInt16LE(names.length, at + 2)
  file.writeUInt32LE(stringAt(library), at + 4)
  file.writeUInt32LE(16, at + 8)
  file.writeUInt32LE(next, at + 12)
  names.forEach((name, index) => {
    file.writeUInt32LE(stringAt(name), at + 16 + index * 16 + 8)
    file.writeUInt32LE(index === names.length - 1 ? 0 : 16, at + 16 + index * 16 + 12)
  })
}

const reading = suite("an ELF file's headers")

reading('say the machine, the loader, the libraries and the newest glibc', () => {
  assert.equal(readElf(elf()), {
    machine: 'x86-64',
    interpreter: '/lib64/ld-linux-x86-64.so.2',
    libraries: ['libc.so.6', 'libm.so.6'],
    glibc: '2.17',
  })
  assert.is(readElf(elf({ machine: 183 })).machine, 'arm64')
})

for (const [what, file, says] of [
  ['text', Buffer.from('#!/bin/sh\n'.repeat(20)), /no 64-bit little-endian ELF/],
  ['nothing', Buffer.alloc(0), /no 64-bit little-endian ELF/],
  ['32 bits', elf().fill(1, 4, 5), /no 64-bit little-endian ELF/],
  ['another machine', elf({ machine: 243 }), /machine 243/],
  ['a static executable', elf({ segments: [] }), /no dynamic executable/],
] as const) {
  reading(`refuses ${what}`, () => {
    assert.throws(() => readElf(file), says)
  })
}

reading('compares versions number by number', () => {
  assert.equal(['2.17', '2.2.5', '2.4', '2.2'].toSorted(compareVersions), ['2.2', '2.2.5', '2.4', '2.17'])
  assert.is(compareVersions('2.17', '2.17'), 0)
})

const promise = suite('what a release promises')

const TARGET = {
  name: 'linux-x64',
  bun: 'bun-linux-x64-baseline',
  runtime: '@oven/bun-linux-x64',
  machine: 'x86-64',
  interpreter: '/lib64/ld-linux-x86-64.so.2',
} as const
const GOOD = readElf(elf())

promise('is kept by a file that needs the C library alone', () => {
  assert.equal(elfProblems(GOOD, TARGET), [])
  // Its own loader may be among its libraries.
  assert.equal(elfProblems({ ...GOOD, libraries: ['ld-linux-x86-64.so.2', 'libc.so.6'] }, TARGET), [])
})

for (const [facts, says] of [
  [{ machine: 'arm64' }, 'linux-x64: it is for arm64'],
  [{ interpreter: '/lib/ld-musl-x86_64.so.1' }, 'linux-x64: its loader is /lib/ld-musl-x86_64.so.1'],
  [{ libraries: ['libc.so.6', 'libstdc++.so.6'] }, 'linux-x64: it needs libstdc++.so.6'],
  [{ glibc: '2.28' }, 'linux-x64: it needs glibc 2.28'],
] as const) {
  promise(`is not kept: ${says}`, () => {
    assert.equal(elfProblems({ ...GOOD, ...facts }, TARGET), [says])
  })
}

reading.run()
promise.run()
