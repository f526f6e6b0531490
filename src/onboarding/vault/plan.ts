/** Turns the setup and the current state into a plan: pure, and only data. */
import { isRecord } from '../../text/json.ts'
import type { Difference } from '../plan/difference.ts'
import { planAuthority } from './authority.ts'
import { differences, unknownMembers, type Data } from './difference.ts'
import { fillParameters, type ParameterFiles } from './parameters.ts'
import { planAuthConfig } from './plan-auth-config.ts'
import { paths, plainResources, storedArns, urls, type Resource, type StoredArn } from './resources.ts'
import { allRoles, hasBindings, type ClusterSetup, type Setup } from './setup.ts'
import type { State } from './state.ts'
import { ACCESSOR, planWrite, type Plan, type Wishes, type Write } from './step.ts'

export function makePlan(
  setup: ClusterSetup,
  files: ParameterFiles,
  wishes: Wishes,
  state: State,
  nowMs: number,
): Plan {
  const problems = mountProblems(setup, state)
  if (problems.length > 0) return { steps: [], notes: [], problems }
  const bound = hasBindings(setup) ? setup : undefined
  const accessor = state.mounts.get(paths.authMount(setup))?.accessor ?? ACCESSOR
  const config = planAuthConfig(setup, wishes, state)
  const authority = planAuthority(setup.pki, state, wishes, nowMs)
  const plain = plainResources(setup, fillParameters(files, setup, accessor))
  const unknown = plain.flatMap(({ path, wanted }) => {
    const found = state.found.get(path)
    const members = found === undefined ? [] : unknownMembers(wanted, found)
    return members.length === 0 ? [] : [`this Vault does not support ${members.join(', ')} at ${path}`]
  })
  const write = ({ path, wanted }: Resource): Write[] => planWrite(path, wanted, state.found.get(path))
  return {
    steps: [
      ...planMount(setup, state, 'auth'),
      ...config.steps,
      ...planMount(setup, state, 'pki'),
      // Before anything is signed, so that certificates contain the URLs.
      ...write(urls(setup)),
      ...(authority.step === undefined
        ? []
        : [{ kind: 'authority', mount: setup.pki.mount, step: authority.step } as const]),
      ...plain.flatMap(write),
      ...(bound === undefined ? [] : planArns(bound, state)),
    ],
    notes: [
      ...(bound === undefined ? [] : wideAudiences(bound)),
      ...config.notes,
      ...authority.notes,
      ...unknown,
      ...(bound === undefined ? [] : otherAuthRoles(bound, state)),
      ...otherWaysToSign(setup, state),
      ...(bound === undefined ? [] : missingArns(bound, state)),
    ],
    problems: [...takenOver(setup, plain, state), ...config.problems, ...authority.problems],
  }
}

function mountProblems(setup: ClusterSetup, { mounts }: State): string[] {
  const wanted: readonly (readonly [path: string, type: string, member: string])[] = [
    [paths.authMount(setup), 'kubernetes', 'kubernetes.mount'],
    [paths.pkiMount(setup), 'pki', 'pki.mount'],
    ...(hasBindings(setup) ? ([[paths.kvMount(setup), 'kv', 'kv.mount']] as const) : []),
  ]
  const problems = wanted.flatMap(([path, type, member]) => {
    const found = mounts.get(path)?.type
    if (found === undefined || found === type) return []
    return [`${path} is a mount of type ${found}, not ${type}: choose another ${member}`]
  })
  if (!hasBindings(setup)) return problems
  const kv = mounts.get(paths.kvMount(setup))
  if (kv?.type === 'kv' && kv.version !== '2') {
    problems.push(
      `${paths.kvMount(setup)} is kv version 1, not 2: choose another kv.mount, or vault kv enable-versioning ${setup.kv.mount}`,
    )
  }
  return problems
}

/** Another cluster's setup may use the same names, and this one would bind them to its own callers only. */
function takenOver(setup: ClusterSetup, resources: readonly Resource[], { mounts, found }: State): string[] {
  const others = [...mounts].filter(([path]) => path.startsWith('auth/') && path !== paths.authMount(setup))
  return resources.flatMap(({ path }) => {
    const text = JSON.stringify(found.get(path) ?? {})
    const [owner] = others.find(([, { accessor }]) => text.includes(`.aliases.${accessor}.`)) ?? []
    if (owner === undefined) return []
    const member =
      hasBindings(setup) && path.endsWith(`/${setup.operator.role}`) ? 'operator.role' : 'pki.role'
    return [`${path} binds callers of ${owner}, which would lose it: choose another ${member}`]
  })
}

function planMount(setup: ClusterSetup, { mounts }: State, which: 'auth' | 'pki'): Write[] {
  switch (which) {
    case 'auth':
      if (mounts.has(paths.authMount(setup))) return []
      return planWrite(`sys/auth/${setup.kubernetes.mount}`, { type: 'kubernetes' }, undefined)
    case 'pki': {
      const { mount, seconds } = setup.pki
      const longest = { max_lease_ttl: `${seconds}s` }
      const found = mounts.get(paths.pkiMount(setup))
      if (found === undefined)
        return planWrite(`sys/mounts/${mount}`, { type: 'pki', config: longest }, undefined)
      // A longer one does no harm here, and something else may need it.
      if (found.maxLeaseSeconds >= seconds) return []
      return planWrite(`sys/mounts/${mount}/tune`, longest, { max_lease_ttl: found.maxLeaseSeconds })
    }
  }
}

function planArns(setup: Setup, state: State): Write[] {
  const mount: Write[] = state.mounts.has(paths.kvMount(setup))
    ? []
    : planWrite(`sys/mounts/${setup.kv.mount}`, { type: 'kv', options: { version: '2' } }, undefined)
  return [...mount, ...storedArns(setup).flatMap((stored) => planArn(stored, state))]
}

/** Check-and-set: a newer version is never overwritten. */
function planArn({ path, arn }: StoredArn, state: State): Write[] {
  if (arn === undefined) return []
  const { data, version } = stored(path, state)
  if (data?.['arn'] === arn && Object.keys(data).length === 1) return []
  const more = Object.keys(data ?? {}).filter((name) => name !== 'arn')
  const differing: Difference[] = [
    ...differences({ arn }, data === undefined ? undefined : { arn: data['arn'] ?? null }),
    // Their values may be secrets.
    ...more.map((name) => ({ name, before: '(a value)', after: '(nothing)' })),
  ]
  const verb = data === undefined ? 'create' : 'change'
  return [
    { kind: 'write', verb, path, differences: differing, data: { data: { arn }, options: { cas: version } } },
  ]
}

function stored(path: string, { found }: State): { readonly data?: Data; readonly version: number } {
  const { data, metadata } = found.get(path) ?? {}
  const version = isRecord(metadata) ? Number(metadata['version']) : 0
  return { ...(isRecord(data) ? { data } : {}), version }
}

function missingArns(setup: Setup, state: State): string[] {
  const missing = storedArns(setup).filter(
    ({ path, arn }) => arn === undefined && stored(path, state).data?.['arn'] === undefined,
  )
  return missing.length === 0
    ? []
    : [`no arn yet at ${missing.map(({ path }) => path).join(', ')}: set it in the setup, or store it there`]
}

/** A token that logs in here and is also valid for the API server is worth more to an attacker than a login. */
function wideAudiences({ kubernetes, operator, bindings }: Setup): string[] {
  // In that case the API server must accept the client's token.
  if (kubernetes.reviewer === 'clients') return []
  const wide = (audience: string): boolean =>
    /^(https:\/\/)?kubernetes\.default\b/.test(audience) ||
    [kubernetes.host, kubernetes.issuer].includes(audience)
  return [...bindings, operator]
    .filter(({ audience }) => wide(audience))
    .map(
      ({ role, audience }) =>
        `the audience ${audience} of the role ${role} is the API server's own, so a stolen token could do more than log in: choose one such as vault`,
    )
}

/** Those of an earlier setup among them: they are kept. */
function otherAuthRoles(setup: Setup, { authRoles }: State): string[] {
  const { pki, operator, bindings } = setup
  const own = [operator.role, ...allRoles(bindings)]
  const others = [...authRoles].filter(([name, data]) => {
    const policies = data['token_policies']
    return (
      !own.includes(name) &&
      Array.isArray(policies) &&
      [pki.role, operator.role].some((one) => policies.includes(one))
    )
  })
  return others.map(
    ([name]) =>
      `${paths.authRoles(setup)}/${name} is not in the setup but grants one of its policies: vault delete ${paths.authRoles(setup)}/${name}`,
  )
}

/** They are kept, and may undo what ours restricts. */
function otherWaysToSign(setup: ClusterSetup, { pkiRoles, acme }: State): string[] {
  const { pki } = setup
  return [
    ...pkiRoles
      .filter((name) => name !== pki.role)
      .map(
        (name) =>
          `${paths.pkiRoles(setup)}/${name} signs below the same trust anchor and is not checked here: anyone who may use it can get any name that it allows`,
      ),
    ...(acme
      ? [
          `${pki.mount} answers ACME, which needs no Vault token and signs by other rules than ${pki.role}: vault write ${paths.acme(setup)} enabled=false`,
        ]
      : []),
  ]
}
