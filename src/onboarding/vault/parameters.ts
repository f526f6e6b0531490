/** The policies and role parameters of k8s/vault, with the setup's names in place of their `${…}`. */
import { parseJsonObject } from '../../text/json.ts'
import type { Data } from './difference.ts'
import { mistake } from './error.ts'
import { hasBindings, type ClusterSetup } from './setup.ts'

export const PARAMETER_FILES = [
  'pod-policy.hcl',
  'operator-policy.hcl',
  'pki-role.json',
  'pod-role.json',
  'operator-role.json',
] as const

/** Their texts as is. */
export type ParameterFiles = Readonly<Record<(typeof PARAMETER_FILES)[number], string>>

export interface Parameters {
  readonly podPolicy: string
  readonly pkiRole: Data
  readonly podRole: Data
  /** Empty for a set-up without bindings. */
  readonly operatorPolicy: string
  readonly operatorRole: Data
}

/** @param accessor the auth mount's: the names are built from its metadata about the caller */
export function fillParameters(files: ParameterFiles, setup: ClusterSetup, accessor: string): Parameters {
  const alias = (name: string): string =>
    `{{identity.entity.aliases.${accessor}.metadata.service_account_${name}}}`
  const values: Readonly<Record<string, string>> = {
    ACCOUNT: alias('name'),
    NAMESPACE: alias('namespace'),
    CLUSTER: setup.cluster,
    PKI_MOUNT: setup.pki.mount,
    PKI_ROLE: setup.pki.role,
    ...(hasBindings(setup)
      ? { KV_MOUNT: setup.kv.mount, KV_PATH: setup.kv.path, OPERATOR_ROLE: setup.operator.role }
      : {}),
  }
  const filled = (file: keyof ParameterFiles): string =>
    files[file].replaceAll(/\$\{(\w*)\}/g, (found, name: string) => {
      const value = values[name]
      if (value === undefined) {
        throw mistake(`k8s/vault/${file} has ${found}, which has no value`)
      }
      return value
    })
  const object = (file: keyof ParameterFiles): Data => {
    const value = parseJsonObject(filled(file))
    if (value === undefined) throw mistake(`k8s/vault/${file} is not a JSON object`)
    return value
  }
  return {
    podPolicy: filled('pod-policy.hcl'),
    pkiRole: object('pki-role.json'),
    podRole: object('pod-role.json'),
    operatorPolicy: hasBindings(setup) ? filled('operator-policy.hcl') : '',
    operatorRole: hasBindings(setup) ? object('operator-role.json') : {},
  }
}
