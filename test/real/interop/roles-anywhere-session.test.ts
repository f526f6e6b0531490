/** Our Roles Anywhere and STS emulators before a client that others wrote, live and over https. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { createSessionByPython, createSessionByUs, trust, type Place } from './rolesanywhere-client.ts'
import { createWorkload, KEYS } from './workload.ts'

const ROLE = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)

const python = pythonEnvironment()
const home = mkdtempSync(join(tmpdir(), 'iam-ra-session-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

function assumed(sessionName: string): { readonly arn: string } {
  return { arn: `arn:aws:sts::${EXAMPLE.account}:assumed-role/${ROLE}/${sessionName}` }
}

async function withPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const stage = await startStage({ tls: true, profile: { acceptRoleSessionName: true } })
  try {
    await test({ python, stage, home })
  } finally {
    await stage.close()
  }
}

const session = suite('iam-rolesanywhere-session')

for (const key of KEYS) {
  for (const intermediates of [0, 2]) {
    const chain = intermediates === 0 ? 'by the anchor itself' : `below ${intermediates} intermediates`
    session(`with a ${key} certificate ${chain} it gets keys that STS knows`, () =>
      withPlace(async (place) => {
        const workload = createWorkload({ key, intermediates })
        trust(place.stage, workload)
        const outcome = await createSessionByPython(place, workload)
        assert.equal(outcome, assumed(workload.leaf.serialNumber.toLowerCase()))
        assert.is(place.stage.sessions.issued.length, 1)
      }),
    )
  }
}

session('may name its session', () =>
  withPlace(async (place) => {
    const workload = createWorkload()
    trust(place.stage, workload)
    assert.equal(await createSessionByPython(place, workload, { sessionName: 'mine' }), assumed('mine'))
  }),
)

session("is refused with another certificate's key", () =>
  withPlace(async (place) => {
    const workload = createWorkload()
    trust(place.stage, workload)
    const outcome = await createSessionByPython(place, {
      ...workload,
      privateKey: createWorkload().privateKey,
    })
    assert.equal(outcome, { status: 403, message: 'Invalid signature' })
    assert.is(place.stage.sessions.issued.length, 0)
  }),
)

session("is refused with another authority's certificate, and its chain does not help", () =>
  withPlace(async (place) => {
    const workload = createWorkload()
    trust(place.stage, createWorkload())
    const refused = { status: 403, message: 'Untrusted signing certificate' }
    assert.equal(await createSessionByPython(place, workload), refused)
    const itself = { ...workload, chain: [...workload.chain, new X509Certificate(workload.root.der)] }
    assert.equal(await createSessionByPython(place, itself), refused)
    assert.is(place.stage.sessions.issued.length, 0)
  }),
)

session('is refused without its intermediates', () =>
  withPlace(async (place) => {
    const workload = createWorkload({ intermediates: 2 })
    trust(place.stage, workload)
    const outcome = await createSessionByPython(place, { ...workload, chain: workload.chain.slice(0, 1) })
    assert.equal(outcome, { status: 403, message: 'Untrusted signing certificate' })
  }),
)

session(
  'is refused where its certificate is signed with SHA-384, which it takes for its own hash; we are not',
  () =>
    withPlace(async (place) => {
      const workload = createWorkload({ hash: 'sha384' })
      trust(place.stage, workload)
      assert.equal(await createSessionByPython(place, workload), {
        status: 403,
        message: 'Invalid signature',
      })
      assert.is(
        (await createSessionByUs(place, workload)).arn,
        assumed(workload.leaf.serialNumber.toLowerCase()).arn,
      )
    }),
)

session.run()
