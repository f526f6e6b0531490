/**
 * What an executable asks of the machine that it starts on, from its ELF headers (System V ABI, and LSB for versions).
 * Not readelf: the base image in which docker builds ours and macOS have none, and of a file without section headers, which
 * starts all the same, it shows no version of glibc.
 */

export interface ElfFacts {
  readonly machine: 'x86-64' | 'arm64'
  /** The loader that the kernel starts. */
  readonly interpreter: string
  /** Shared libraries, sorted. */
  readonly libraries: readonly string[]
  /** The newest version of glibc that a symbol is wanted from, such as 2.17. */
  readonly glibc: string
}

const MACHINES: Readonly<Record<number, ElfFacts['machine']>> = { 62: 'x86-64', 183: 'arm64' }
const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_VERNEED = 0x6ffffffe
const DT_VERNEEDNUM = 0x6fffffff

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

/** @throws Error where it is no dynamic executable of a kind that is released */
export function readElf(file: Buffer): ElfFacts {
  // Class 64, least significant byte first.
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('no 64-bit little-endian ELF file')
  const machine = MACHINES[file.readUInt16LE(18)]
  if (machine === undefined) throw new Error(`an ELF file for machine ${file.readUInt16LE(18)}`)
  const segments = segmentsOf(file)
  const interpreter = segments.find(({ type }) => type === PT_INTERP)
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  if (interpreter === undefined || dynamic === undefined) throw new Error('no dynamic executable')
  const entries = dynamicEntries(file, dynamic)
  const offsetOf = (tag: number): number =>
    fileOffset(segments, entries.find(([one]) => one === tag)?.[1] ?? 0)
  const strings = offsetOf(DT_STRTAB)
  const libraries = entries.flatMap(([tag, value]) =>
    tag === DT_NEEDED ? [stringAt(file, strings + value)] : [],
  )
  const count = entries.find(([tag]) => tag === DT_VERNEEDNUM)?.[1] ?? 0
  const versions = count === 0 ? [] : wantedVersions(file, offsetOf(DT_VERNEED), count, strings)
  const glibc = versions.flatMap((name) => /^GLIBC_(\d+(?:\.\d+)+)$/.exec(name)?.[1] ?? [])
  return {
    machine,
    interpreter: stringAt(file, interpreter.offset),
    libraries: libraries.toSorted(),
    glibc: glibc.toSorted(compareVersions).at(-1) ?? '',
  }
}

/** Number by number: 2.4 comes before 2.17. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => version.split('.').map(Number))
  for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function segmentsOf(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function dynamicEntries(file: Buffer, { offset, size }: Segment): (readonly [number, number])[] {
  return Array.from({ length: Math.floor(size / 16) }, (_, index) => {
    const at = offset + index * 16
    return [Number(file.readBigUInt64LE(at)), Number(file.readBigUInt64LE(at + 8))] as const
  })
}

/** The headers name addresses in memory. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const holder = segments.find(
    (segment) =>
      segment.type === PT_LOAD && address >= segment.address && address < segment.address + segment.size,
  )
  if (holder === undefined) throw new Error('a dynamic section that points out of the file')
  return address - holder.address + holder.offset
}

/** A list of libraries, each with a list of versions; both are linked by distances. */
function wantedVersions(file: Buffer, start: number, libraries: number, strings: number): string[] {
  const found: string[] = []
  for (let library = 0, at = start; library < libraries; library += 1) {
    const versions = file.readUInt16LE(at + 2)
    for (let version = 0, entry = at + file.readUInt32LE(at + 8); version < versions; version += 1) {
      found.push(stringAt(file, strings + file.readUInt32LE(entry + 8)))
      entry += file.readUInt32LE(entry + 12)
    }
    at += file.readUInt32LE(at + 12)
  }
  return found
}

function stringAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at))
}
