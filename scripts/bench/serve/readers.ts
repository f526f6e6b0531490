/** The requests of apps, with the endpoint's paths and headers as AWS documents them. */
import { readFileSync } from 'node:fs'
import { open, type Reply } from './connection.ts'
import { requestText, type Question } from './load.ts'
import { authorizationFile, type Scene } from '../../../test/rig/processes/programs.ts'
import type { QuestionName } from './results.ts'

const ROLES = '/latest/meta-data/iam/security-credentials/'
const SESSION: Question = {
  method: 'PUT',
  path: '/latest/api/token',
  headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' },
  status: 200,
}

/** For a process that has credentials: creates an IMDSv2 session and asks for the role's name. */
export async function questionsOf(scene: Scene): Promise<Readonly<Record<QuestionName, Question>>> {
  const container: Question = {
    method: 'GET',
    path: '/v1/credentials',
    headers: { Authorization: readFileSync(authorizationFile(scene), 'utf8') },
    status: 200,
  }
  const { body: token } = await ask(scene.endpointPort, SESSION)
  const headers = { 'X-aws-ec2-metadata-token': token }
  const roles: Question = { method: 'GET', path: ROLES, headers, status: 200 }
  const { body: role } = await ask(scene.endpointPort, roles)
  return {
    container,
    imds: { ...roles, path: `${ROLES}${role}` },
    session: SESSION,
    unauthorized: { ...container, headers: {}, status: 401 },
  }
}

/**
 * One reader of each kind, on its own connection. @returns the bytes of the container endpoint's answer
 * @throws Error if either does not get the last credentials issued
 */
export async function readBoth({ endpointPort, stage }: Scene, questions: Questions): Promise<number> {
  const latest = stage.sessions.issued.at(-1)
  const replies = [await ask(endpointPort, questions.container), await ask(endpointPort, questions.imds)]
  for (const { body } of replies) {
    const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(body) as Readonly<Record<string, unknown>>
    const isLatest =
      AccessKeyId === latest?.accessKeyId &&
      SecretAccessKey === latest?.secretAccessKey &&
      Token === latest?.sessionToken
    if (!isLatest) throw new Error('a reader got credentials other than the last ones issued')
  }
  return replies[0]?.body.length ?? 0
}

export type Questions = Readonly<Record<QuestionName, Question>>

/** Like the kubelet's liveness probe. @throws Error if the process reports that it is not live */
export async function probe({ healthPort }: Scene): Promise<void> {
  await ask(healthPort, { method: 'GET', path: '/livez', headers: {}, status: 200 })
}

async function ask(port: number, question: Question): Promise<Reply> {
  const connection = await open(port)
  try {
    const reply = await connection.ask(requestText(port, question, 'new'))
    if (reply.status !== question.status)
      throw new Error(`${question.method} ${question.path} was answered with ${reply.status}`)
    return reply
  } finally {
    connection.close()
  }
}
