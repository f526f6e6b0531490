/** Counts requests by endpoint and status, for the metrics. */

export type EndpointName =
  'container' | 'imds-session' | 'imds-roles' | 'imds-credentials' | 'imds-region' | 'imds-list' | 'other'

export interface RequestCount {
  readonly endpoint: EndpointName
  readonly status: number
  readonly count: number
}

export interface RequestCounts {
  add(endpoint: EndpointName, status: number): void
  list(): readonly RequestCount[]
}

/** Bounded by our own names and statuses: nothing that a reader sends becomes a label. */
export function createRequestCounts(): RequestCounts {
  const byEndpoint = new Map<EndpointName, Map<number, number>>()
  return {
    add(endpoint, status) {
      let byStatus = byEndpoint.get(endpoint)
      if (byStatus === undefined) byEndpoint.set(endpoint, (byStatus = new Map<number, number>()))
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
    },
    list: () =>
      [...byEndpoint].flatMap(([endpoint, byStatus]) =>
        [...byStatus].map(([status, count]) => ({ endpoint, status, count })),
      ),
  }
}
