/** Definitions of others' kinds on an API server. */
import { setTimeout as delay } from 'node:timers/promises'

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

interface Definition {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null
  }
}

/** @param read gets the object at a path of the API */
export async function untilServed(read: (path: string) => Promise<object>, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = (await read(`${DEFINITIONS}/${name}`)) as Definition
    if (status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True')) return
    await delay(100)
  }
  throw new Error(`the API server does not serve ${name}`)
}
