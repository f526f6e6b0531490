/** The environment of a container as the kubelet makes it, as far as it can be known from here. */
import { isRecord } from '../../../text/json.ts'
import type { Container, Pod } from './pod.ts'

/** By ConfigMap and key. */
export type ConfigMaps = Readonly<Record<string, Readonly<Record<string, string>>>>

/** @returns by name; what comes from a Secret or elsewhere is left out */
export function environmentOf(
  pod: Pod,
  { env }: Container,
  maps: ConfigMaps,
): Readonly<Record<string, string>> {
  const known: Record<string, string> = {}
  for (const { name, value, valueFrom } of env) {
    if (typeof name !== 'string') continue
    const found = typeof value === 'string' ? expanded(value, known) : referred(valueFrom, pod, maps)
    if (found !== undefined) known[name] = found
  }
  return known
}

/** https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
function expanded(text: string, known: Readonly<Record<string, string>>): string | undefined {
  const reference = /\$\(([^)]+)\)/g
  const names = [...text.matchAll(reference)].map(([, name = '']) => name)
  if (names.some((name) => known[name] === undefined)) return undefined
  return text.replaceAll(reference, (_found, name: string) => known[name] ?? '')
}

function referred(from: unknown, pod: Pod, maps: ConfigMaps): string | undefined {
  if (!isRecord(from)) return undefined
  const { fieldRef, configMapKeyRef: map } = from
  if (isRecord(fieldRef)) {
    if (fieldRef['fieldPath'] === 'metadata.namespace') return pod.namespace
    if (fieldRef['fieldPath'] === 'metadata.name') return pod.name
    return fieldRef['fieldPath'] === 'spec.serviceAccountName' ? pod.account : undefined
  }
  return isRecord(map) ? maps[String(map['name'])]?.[String(map['key'])] : undefined
}
