/** Who asks the API server about a pod's token, and what that means for the token. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { startGround } from './vault-setup.ts'

const { namespace, serviceAccount } = EXAMPLE

const review = suite('real: the reviewer of a set-up')

const ground = await startGround()
review.after(() => ground.stop())
const { kubernetes } = ground
await kubernetes.makeServiceAccount(namespace, serviceAccount)

const token = (audience: string): Promise<string> => kubernetes.token(namespace, serviceAccount, audience)

review('without its token a reviewer outside of Vault is no reviewer', async () => {
  const refused = await ground.run(['--apply'])
  assert.is(refused.code, 2)
  assert.match(
    refused.stderr,
    /give --reviewer-token FILE: the reviewer is an account whose token Vault needs\nvault-setup: nothing was written/,
  )
})

review(
  'a reviewer that is another account lets a token of audience vault in, which the API server refuses',
  async () => {
    const done = await ground.run(['--reviewer-token', ground.reviewerFile, '--apply'])
    assert.is(done.code, 0, done.stderr)
    assert.is((await ground.login(namespace, await token('vault'))).status, 200)
  },
)

review('where clients review themselves, their token must be one that the API server takes', async () => {
  const setup = {
    ...ground.setup,
    kubernetes: { ...ground.setup.kubernetes, reviewer: 'clients' },
    bindings: ground.setup.bindings.map((binding) => ({ ...binding, audience: kubernetes.issuer })),
  }
  const done = await ground.run(['--apply'], { setup })
  assert.is(done.code, 0, done.stderr)
  assert.match(done.stdout, /token_reviewer_jwt: \(set\) -> \(none\)$/m)
  assert.match(
    done.stdout,
    /^note: each client calls TokenReview with its own token, which needs system:auth-delegator/m,
  )
  assert.is((await ground.login(namespace, await token(kubernetes.issuer))).status, 403)
  await kubernetes.allowReview(namespace, serviceAccount)
  assert.is((await ground.login(namespace, await token(kubernetes.issuer))).status, 200)
  assert.is((await ground.login(namespace, await token('vault'))).status, 403)
  assert.match((await ground.run(['--apply'], { setup })).stdout, /^nothing to do$/m)
})

review('an issuer is checked where the set-up names one', async () => {
  const named = (issuer: string): typeof ground.setup => ({
    ...ground.setup,
    kubernetes: { ...ground.setup.kubernetes, issuer },
  })
  const args = ['--reviewer-token', ground.reviewerFile, '--apply']
  assert.is((await ground.run(args, { setup: named(kubernetes.issuer) })).code, 0)
  assert.is((await ground.login(namespace, await token('vault'))).status, 200)
  assert.is((await ground.run(args, { setup: named('https://other.example') })).code, 0)
  assert.is((await ground.login(namespace, await token('vault'))).status, 403)
})

review.run()
