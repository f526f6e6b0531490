/**
 * Bun's own program: makes one executable of an entry point such as src/aws-iam-ra.ts. Run by build/compile.ts, since
 * plugins and some settings are to be had only from inside Bun.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folding } from './build/asn1-rsa.ts'
import { leaveOut, type PluginBuilder } from './build/leave-out.ts'

/** What of Bun is used here, of https://bun.com/docs/bundler. */
declare const Bun: { build(options: Readonly<Record<string, unknown>>): Promise<unknown> }

/**
 * Formats that the X.509 library can read too, and that no certificate of ours has: it takes object identifiers from
 * their packages at its start, and the rest only when it meets such a thing.
 */
const IDENTIFIERS_ONLY = /^@peculiar\/asn1-(?:cms|pkcs9|x509-post-quantum)$/

const keepIdentifiers = {
  name: 'keep the identifiers alone',
  setup(build: PluginBuilder): void {
    build.onResolve({ filter: IDENTIFIERS_ONLY }, ({ path }) => ({ path, namespace: 'identifiers' }))
    build.onLoad({ filter: /.*/, namespace: 'identifiers' }, async ({ path }) => {
      const whole = (await import(path)) as Readonly<Record<string, unknown>>
      const identifiers = Object.entries(whole).filter(([, value]) => typeof value === 'string')
      const lines = identifiers.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
      return { contents: lines.join('\n'), loader: 'js' }
    })
  },
}

const constants = folding()
const foldConstants = {
  name: 'fold the constants of asn1-rsa',
  setup(build: PluginBuilder): void {
    build.onLoad({ filter: /[/\\]@peculiar[/\\]asn1-rsa[/\\].*\.js$/, namespace: 'file' }, ({ path }) => ({
      contents: constants.fold(readFileSync(path, 'utf8')),
      loader: 'js',
    }))
  },
}

const [entry, target, outfile, runtime] = process.argv.slice(2)
if (entry === undefined || target === undefined || outfile === undefined)
  throw new Error('usage: bun bundle.ts <entry> <target> <outfile> [runtime]')

await Bun.build({
  entrypoints: [join(import.meta.dirname, '..', entry)],
  format: 'esm',
  target: 'bun',
  minify: true,
  bytecode: true,
  // What is imported when it is needed is a chunk of its own.
  splitting: true,
  plugins: [leaveOut, keepIdentifiers, foldConstants],
  compile: {
    target,
    outfile,
    ...(runtime === undefined ? {} : { executablePath: runtime }),
    // A .env or bunfig.toml in the container's working folder must not change what the binary does.
    autoloadDotenv: false,
    autoloadBunfig: false,
    // Bun asks for the path of the working directory at its start, and ends where that was deleted. This is the same
    // directory by another path, which is there even then.
    ...(target.startsWith('bun-linux-') ? { execArgv: ['--cwd=/proc/self/cwd'] } : {}),
    // A run is over before compiled code pays, and `serve` is to be small: its compiler alone would take 8 MiB
    // (docs/lab/run.md has what it costs).
    jitPolicy: 100_000,
  },
})
constants.finish()
