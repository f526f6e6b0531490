/** A successful answer of CreateSession, for tests that script it. */
import type { ScriptedAnswer } from './fake-runtime.ts'

export const SESSION: ScriptedAnswer = {
  status: 201,
  body: {
    credentialSet: [
      {
        assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/frontend-s3-read/one' },
        credentials: {
          accessKeyId: 'ASIAEXAMPLE000000001',
          secretAccessKey: 'canary/secret+access0key',
          sessionToken: 'canary/session+token==',
          expiration: '2026-11-21T13:00:00Z',
        },
      },
    ],
  },
}
