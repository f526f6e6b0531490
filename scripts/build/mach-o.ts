/**
 * What an executable for macOS says of itself, and whether its signature is right: on Apple's processors the kernel ends a
 * process at the first page whose hash is not the signed one. Bun writes its own signature (ad hoc, without a certificate).
 * Formats: Apple's <mach-o/loader.h>, and cs_blobs.h of the XNU kernel.
 */
import { createHash } from 'node:crypto'

interface MachOFacts {
  readonly machine: 'arm64'
  /** The oldest macOS that it runs on, such as 13.0. */
  readonly macos: string
  /** Shared libraries, sorted. */
  readonly libraries: readonly string[]
  /** Pages whose hashes were recomputed. */
  readonly pages: number
}

const MAGIC_64 = 0xfeedfacf
const CPU_ARM64 = 0x0100000c
const EXECUTE = 2
const LC_LOAD_DYLIB = 0xc
const LC_CODE_SIGNATURE = 0x1d
const LC_BUILD_VERSION = 0x32
const PLATFORM_MACOS = 1

/** Of the signature, most significant byte first. */
const EMBEDDED_SIGNATURE = 0xfade0cc0
const CODE_DIRECTORY = 0xfade0c02
const SHA256 = 2
const HASH_LENGTH = 32
const ADHOC = 0x2

/** @throws Error if it is no executable for arm64, or if any hash of its signature is not that of its bytes */
export function readMachO(file: Buffer): MachOFacts {
  if (file.length < 32 || file.readUInt32LE(0) !== MAGIC_64) throw new Error('no 64-bit Mach-O file')
  if (file.readUInt32LE(4) !== CPU_ARM64)
    throw new Error(`a Mach-O file for processor ${file.readUInt32LE(4).toString(16)}`)
  if (file.readUInt32LE(12) !== EXECUTE) throw new Error('no executable')
  const commands = commandsOf(file)
  const version = commands.find(({ kind }) => kind === LC_BUILD_VERSION)
  if (version === undefined || file.readUInt32LE(version.at + 8) !== PLATFORM_MACOS)
    throw new Error('not for macOS')
  const oldest = file.readUInt32LE(version.at + 12)
  const signature = commands.find(({ kind }) => kind === LC_CODE_SIGNATURE)
  if (signature === undefined) throw new Error('no signature')
  return {
    machine: 'arm64',
    macos: `${oldest >> 16}.${(oldest >> 8) & 0xff}`,
    libraries: commands
      .filter(({ kind }) => kind === LC_LOAD_DYLIB)
      .map(({ at }) => textAt(file, at + file.readUInt32LE(at + 8)))
      .toSorted(),
    pages: checkSignature(file, file.readUInt32LE(signature.at + 8)),
  }
}

interface Command {
  readonly kind: number
  readonly at: number
}

function commandsOf(file: Buffer): Command[] {
  const commands: Command[] = []
  for (let at = 32; commands.length < file.readUInt32LE(16); at += file.readUInt32LE(at + 4))
    commands.push({ kind: file.readUInt32LE(at), at })
  return commands
}

/** @returns how many pages were checked */
function checkSignature(file: Buffer, start: number): number {
  if (file.readUInt32BE(start) !== EMBEDDED_SIGNATURE) throw new Error('a signature that cannot be read')
  const blobs = new Map(
    Array.from({ length: file.readUInt32BE(start + 8) }, (_, index) => {
      const entry = start + 12 + index * 8
      const at = start + file.readUInt32BE(entry + 4)
      return [file.readUInt32BE(entry), file.subarray(at, at + file.readUInt32BE(at + 4))] as const
    }),
  )
  const directory = blobs.get(0)
  if (directory?.readUInt32BE(0) !== CODE_DIRECTORY) throw new Error('a signature without a code directory')
  if (directory[36] !== HASH_LENGTH || directory[37] !== SHA256)
    throw new Error('a signature by another hash than SHA-256')
  if ((directory.readUInt32BE(12) & ADHOC) === 0) throw new Error('a signature that is not ad hoc')
  checkSpecialSlots(directory, blobs)
  return checkPages(directory, file.subarray(0, start))
}

/** What is signed besides pages, such as entitlements, has the negative slots; one of zeros is empty. */
function checkSpecialSlots(directory: Buffer, blobs: ReadonlyMap<number, Buffer>): void {
  for (let slot = 1; slot <= directory.readUInt32BE(24); slot += 1) {
    const signed = hashAt(directory, -slot)
    const blob = blobs.get(slot)
    if (blob === undefined ? signed.some((byte) => byte !== 0) : !signed.equals(sha256(blob)))
      throw new Error(`part ${slot} of the signature is not what was signed`)
  }
}

/** @param code all before the signature */
function checkPages(directory: Buffer, code: Buffer): number {
  const [count, limit, size] = [
    directory.readUInt32BE(28),
    directory.readUInt32BE(32),
    2 ** (directory[39] ?? 0),
  ]
  if (limit !== code.length || count !== Math.ceil(limit / size))
    throw new Error(`the signature covers ${limit} bytes in ${count} pages, and the code has ${code.length}`)
  const wrong = Array.from({ length: count }, (_, page) => page).filter(
    (page) =>
      !hashAt(directory, page).equals(sha256(code.subarray(page * size, Math.min(limit, (page + 1) * size)))),
  )
  if (wrong.length > 0)
    throw new Error(
      `${wrong.length} of ${count} pages are not those that were signed: first page ${wrong[0]}`,
    )
  return count
}

function hashAt(directory: Buffer, slot: number): Buffer {
  const at = directory.readUInt32BE(16) + slot * HASH_LENGTH
  return directory.subarray(at, at + HASH_LENGTH)
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function textAt(file: Buffer, at: number): string {
  return file.toString('utf8', at, file.indexOf(0, at))
}
