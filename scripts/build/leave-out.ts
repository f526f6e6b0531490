/** A plugin of the bundlers: leaves out parts of packages that our programs do not use. */

/** What of Bun's bundler a plugin uses: https://bun.com/docs/bundler/plugins. */
export interface PluginBuilder {
  onResolve(
    options: { readonly filter: RegExp },
    resolve: (asked: { readonly path: string; readonly importer: string }) => object | undefined,
  ): void
  onLoad(
    options: { readonly filter: RegExp; readonly namespace: string },
    load: (asked: { readonly path: string }) => object | Promise<object>,
  ): void
}

/**
 * What packages load and our programs do not use. src/vault/client.ts gives node-vault its own in their
 * place: the transport for axios, a silent `debug`, and nothing for the commands, their templates and their schemas.
 */
const UNUSED = /^(?:axios|debug|mustache|tv4|\.\/commands\.js)$/

export const leaveOut = {
  name: 'leave out what is unused',
  setup(build: PluginBuilder): void {
    build.onResolve({ filter: UNUSED }, ({ path, importer }) =>
      // Elsewhere such a name is another module.
      /[/\\]node-vault[/\\]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: path === 'debug' ? 'module.exports = () => () => {}' : 'module.exports = {}',
      loader: 'js',
    }))
  },
}
