/** The cluster, through the operator's own kubectl: its contexts, plug-ins, proxies and permissions are then the operator's. */
import type { KubeObject, ObjectName } from './objects.ts'

export interface KubeContext {
  readonly name: string
  readonly server: string
  /** PEM. */
  readonly ca: string | undefined
}

/** All throw IamRaError with the stage `cluster`. */
export interface Kubectl {
  /** Asks no server. */
  context(): Promise<KubeContext>
  get(object: ObjectName): Promise<KubeObject | undefined>
  /** @param selector of labels @param namespace all if undefined */
  list(kind: string, selector: string, namespace?: string): Promise<readonly KubeObject[]>
  /** @returns a line for each, such as `configmap/a created` */
  apply(objects: readonly KubeObject[]): Promise<readonly string[]>
  delete(objects: readonly ObjectName[]): Promise<readonly string[]>
  /** A token of a service account, from TokenRequest. */
  token(
    account: { readonly namespace: string; readonly name: string },
    audience: string | undefined,
    seconds: number,
  ): Promise<string>
}
