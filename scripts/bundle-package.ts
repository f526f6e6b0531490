/**
 * Bun's own program: makes the modules of the npm package, for Node, of an entry point such as src/iam-ra.ts. What is imported when it is needed is a
 * module of its own. Not minified: the places that a stack names are to be found, and comments name the packages within.
 */
import { join } from 'node:path'

/** What of Bun is used here, of https://bun.com/docs/bundler. */
declare const Bun: { build(options: Readonly<Record<string, unknown>>): Promise<unknown> }

const [entry, outdir] = process.argv.slice(2)
if (entry === undefined || outdir === undefined)
  throw new Error('usage: bun bundle-package.ts <entry> <folder>')

await Bun.build({
  entrypoints: [join(import.meta.dirname, '..', entry)],
  format: 'esm',
  target: 'node',
  splitting: true,
  outdir,
  naming: { chunk: '[name]-[hash].[ext]' },
})
