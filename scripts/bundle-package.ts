/**
 * Runs in Bun: bundles an entry point such as src/iam-ra.ts into the modules of the npm package, for Node. What is
 * imported dynamically becomes a module of its own. It is not minified, so that a stack trace names real places and
 * comments name the bundled packages.
 */
import { join } from 'node:path'
import { leaveOut } from './build/leave-out.ts'

/** The part of Bun that is used here: https://bun.com/docs/bundler. */
declare const Bun: { build(options: Readonly<Record<string, unknown>>): Promise<unknown> }

const [entry, outdir] = process.argv.slice(2)
if (entry === undefined || outdir === undefined)
  throw new Error('usage: bun bundle-package.ts <entry> <directory>')

await Bun.build({
  entrypoints: [join(import.meta.dirname, '..', entry)],
  format: 'esm',
  target: 'node',
  splitting: true,
  plugins: [leaveOut],
  outdir,
  naming: { chunk: '[name]-[hash].[ext]' },
})
