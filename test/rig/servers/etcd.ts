/** A real etcd on loopback, for servers that keep their data in one. */
import { join } from 'node:path'
import { freePort, startProcess, untilReady, type ServerProcess } from '../processes/process.ts'
import { api } from './api.ts'
import { requireServer } from './build.ts'

/** @param servers takes it, to be stopped with the others. @returns the address for clients */
export async function startEtcd(folder: string, servers: ServerProcess[]): Promise<string> {
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  const etcd = startProcess(requireServer('etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ])
  servers.push(etcd)
  await untilReady('etcd', etcd, async () => (await api('GET', `${client}/health`)).status === 200)
  return client
}
