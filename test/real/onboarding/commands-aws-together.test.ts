/** Eight operators who run the commands on AWS at the same time, as processes. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { READ_ONLY, startAwsProgram } from './aws-program.ts'

const program = await startAwsProgram()
const { aws, read, iamRa } = program

const commands = suite('the commands on AWS, together')
commands.before.each(() => program.reset())
commands.after(() => program.stop())

commands('of eight operators who begin at once leave one trust anchor and one profile', async () => {
  /** None is done before all have begun. */
  const together = (action: string): void => {
    let begin = (): void => undefined
    const all = new Promise<void>((resolve) => (begin = resolve))
    let waiting = 0
    aws.rolesAnywhere.before = async (call) => {
      if (call.action !== action) return undefined
      waiting += 1
      if (waiting === 8) begin()
      await all
      return undefined
    }
  }
  const eight = async (line: (at: number) => string): Promise<void> => {
    for (const { code, stderr } of await Promise.all(Array.from({ length: 8 }, (_, at) => iamRa(line(at)))))
      assert.is(code, 0, stderr)
  }
  together('rolesanywhere:CreateTrustAnchor')
  await eight(() => 'init --root ROOT')
  assert.is(aws.account.anchors.size, 1)
  together('rolesanywhere:CreateProfile')
  await eight(() => `role create shared --policy ${READ_ONLY}`)
  assert.is(aws.account.profiles.size, 1)
  aws.rolesAnywhere.before = undefined
  await eight((at) => `role create r-${at} --policy ${READ_ONLY}`)
  const { roles, doubles } = await read()
  assert.equal([roles.length, doubles.length, aws.account.profiles.size], [9, 0, 9])
})

commands.run()
