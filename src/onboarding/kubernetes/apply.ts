/** Server-side apply, which changes only what is this program's. */
import { isDeepStrictEqual } from 'node:util'
import { IamRaError } from '../../errors.ts'
import { foreignText } from '../../text/redact.ts'

import { objectsIn, type Call } from './call.ts'
import { installationOf, isOurs, nameOf, path, type KubeObject, type ObjectName } from './objects.ts'

type Read = (names: readonly ObjectName[]) => Promise<readonly KubeObject[]>

interface Applied {
  readonly after: readonly KubeObject[]
  readonly warnings: readonly string[]
  /** What managed a part of an object that is now ours, for each object. */
  readonly taken: ReadonlyMap<string, string>
}

/** @returns a line for each object and each warning @throws IamRaError */
export async function applyObjects(
  call: Call,
  read: Read,
  objects: readonly KubeObject[],
): Promise<readonly string[]> {
  const before = byKey(await read(objects.map(nameOf)))
  for (const object of objects) {
    const known = before.get(keyOf(object))
    if (known !== undefined && isOurs(object) && !isOurs(known)) throw foreign(known)
    if (known !== undefined && isOthers(known, object)) throw others(known)
  }
  const { after, warnings, taken } = await applyAll(call, objects, before)
  const lines = after.map((object) => {
    const manager = taken.get(keyOf(object))
    const too = manager === undefined ? '' : `, also what ${manager} had set`
    return `${path(nameOf(object))} ${changeOf(before.get(keyOf(object)), object)}${too}`
  })
  return [...lines, ...warnings]
}

/** Together first. kubectl does not say which object has a conflict, so then one by one. */
async function applyAll(
  call: Call,
  objects: readonly KubeObject[],
  before: ReadonlyMap<string, KubeObject>,
): Promise<Applied> {
  try {
    return { ...(await applyOnce(call, objects)), taken: new Map() }
  } catch (error) {
    if (!isConflict(error)) throw error
  }
  const [after, warnings, taken] = [[] as KubeObject[], [] as string[], new Map<string, string>()]
  for (const object of objects) {
    const one = await applyOnce(call, [object]).catch(async (error: unknown) => {
      const known = before.get(keyOf(object))
      if (!isConflict(error) || known === undefined || !isOurs(known)) throw error
      taken.set(keyOf(object), managerIn(error))
      return await applyOnce(call, [object], ['--force-conflicts'])
    })
    after.push(...one.after)
    warnings.push(...one.warnings)
  }
  return { after, warnings, taken }
}

async function applyOnce(
  call: Call,
  objects: readonly KubeObject[],
  flags: readonly string[] = [],
): Promise<Omit<Applied, 'taken'>> {
  const names = objects.map(nameOf)
  const namespace = names.find((name) => name.namespace !== undefined)?.namespace
  const doing = `apply ${names.map(path).join(', ')}`
  const args = ['apply', '--server-side', '--field-manager=iam-ra', ...flags, '--output=json', '--filename=-']
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  const { stdout, stderr } = await call({ doing, args, namespace, input: JSON.stringify(list) })
  const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning: '))
  return { after: objectsIn(stdout), warnings: warnings.map((line) => foreignText(line)) }
}

function changeOf(before: KubeObject | undefined, after: KubeObject): string {
  if (before === undefined) return 'created'
  return isDeepStrictEqual(substance(before), substance(after)) ? 'unchanged' : 'changed'
}

/** Without what the API server notes of each write, and what controllers report. */
function substance({ metadata, status: _reported, ...object }: KubeObject): unknown {
  const { managedFields: _writers, resourceVersion: _version, ...rest } = metadata as Record<string, unknown>
  return { ...object, metadata: rest }
}

function byKey(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [keyOf(object), object]))
}

function keyOf(object: KubeObject): string {
  const { kind, name, namespace = '' } = nameOf(object)
  return `${kind} ${namespace} ${name}`
}

function isConflict(error: unknown): error is IamRaError {
  return error instanceof IamRaError && error.status === 409
}

function managerIn({ said }: IamRaError): string {
  const managers = said.join('\n').matchAll(/conflicts? with "([^"]+)"/g)
  return [...new Set([...managers].flatMap(([, manager]) => manager ?? []))].join(', ') || 'something else'
}

/** Another installation's pods would lose their role, or their cluster its reviewer. */
function isOthers(known: KubeObject, object: KubeObject): boolean {
  const [theirs, own] = [installationOf(known), installationOf(object)]
  return theirs !== undefined && own !== undefined && theirs !== own
}

function others(object: KubeObject): IamRaError {
  return new IamRaError(
    'REFUSED',
    'cluster',
    `${path(nameOf(object))} belongs to installation ${installationOf(object) ?? ''}`,
    {
      hint: 'use that installation with --installation, or choose another name or --k8s-namespace',
      status: 409,
    },
  )
}

function foreign(object: KubeObject): IamRaError {
  const { namespace } = object.metadata
  const { managedFields = [] } = object.metadata as { managedFields?: readonly { manager?: string }[] }
  const managers = [...new Set(managedFields.flatMap(({ manager }) => manager ?? []))].join(', ')
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  return new IamRaError(
    'REFUSED',
    'cluster',
    `${path(nameOf(object))}${where} exists and is not of iam-ra: it is managed by ${managers || 'something else'}`,
    {
      hint: 'choose another name, or rename or delete the object; iam-ra changes only objects with its label',
      status: 409,
    },
  )
}
