/** The image's bill of materials: npm's list for the lockfile, and whatever is in the image from elsewhere. */
import { tmpdir } from 'node:os'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from '../build/npm.ts'
import { pinned } from '../build/runtime.ts'
import { ROOT } from '../checks/files.ts'

interface Bill {
  serialNumber?: string
  metadata: { timestamp?: string; component: { name: string } }
  components: object[]
}

/** CycloneDX as JSON. @param glibc Debian's version of libc6 */
export function billOfMaterials(glibc: string): string {
  // npm names the root after its directory.
  const folder = join(mkdtempSync(join(tmpdir(), 'iam-ra-bill-')), 'aws-iam-ra')
  try {
    layShipped(folder)
    const bill = JSON.parse(npm(['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], folder)) as Bill
    // The same image has the same bytes: no time and no random number.
    delete bill.serialNumber
    delete bill.metadata.timestamp
    const { version } = pinned('bun')
    bill.components.push(
      component('bun', version, `pkg:npm/bun@${version}`, 'the runtime inside of the executable'),
      component(
        'libc6',
        glibc,
        `pkg:deb/debian/libc6@${encodeURIComponent(glibc)}`,
        "Debian's GNU C library",
      ),
    )
    return `${JSON.stringify(bill, undefined, 2)}\n`
  } finally {
    rmSync(join(folder, '..'), { recursive: true, force: true })
  }
}

/**
 * If told to omit development packages, npm 11 also omits packages needed by both the product and the tests: so they
 * are removed first.
 */
function layShipped(folder: string): void {
  interface Package {
    readonly dev?: boolean
    devDependencies?: object
  }
  const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'))
  const manifest = read('package.json') as Package
  const lock = read('package-lock.json') as { packages: Record<string, Package> }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => dev !== true))
  for (const one of [manifest, lock.packages[''] ?? {}]) delete one.devDependencies
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

function component(name: string, version: string, purl: string, description: string): object {
  return { 'bom-ref': `${name}@${version}`, type: 'library', name, version, purl, description }
}
