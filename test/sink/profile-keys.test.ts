/** What becomes of each key that may stand in the profile. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeCredentials } from '../../src/sink/credentials-file.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { CREDENTIALS, inScratch, WRITTEN, type Scratch } from './scratch.ts'

async function run(scratch: Scratch, region?: string): Promise<void> {
  const settings = { credentialsFile: scratch.file, profile: 'default', fileMode: 0o600 }
  const regionFile = { path: join(scratch.folder, 'config'), region: region ?? '' }
  await writeCredentials(
    CREDENTIALS,
    region === undefined ? settings : { ...settings, regionFile },
    scratch.context(),
  )
}

const keys = suite('other keys of the profile')

for (const key of [
  'aws_account_id',
  'aws_security_token',
  'aws_credential_scope',
  'x_principal_arn',
  'x_security_token_expires',
  'aws_credential_expiration',
  'expiration',
  'assumed_role',
  'assumed_role_arn',
]) {
  for (const line of [
    `${key} = 1`,
    `${key.toUpperCase()}   =1`,
    `  ${key} : 1\n    more`,
    `x = 1\n  ${key} = 1`,
  ]) {
    keys(`are rid of ${JSON.stringify(line)}, which belongs to the old ones`, () =>
      inScratch(async (scratch) => {
        const others = `[b]\n${key} = 1\ns3 =\n  ${key} = 1\n`
        const before = `${others}[default]\naws_access_key_id = OLD\n${line}\n`
        await writeFile(scratch.file, before.replaceAll('\n', '\r\n'))
        await run(scratch)
        const kept = line.startsWith('x = 1') ? 'x = 1\n' : ''
        assert.is(
          await readFile(scratch.file, 'utf8'),
          `${others}[default]\n${WRITTEN}${kept}`.replaceAll('\n', '\r\n'),
        )
      }),
    )
  }
}

for (const key of [
  'region',
  'output',
  'endpoint_url',
  'services',
  'ignore_configured_endpoint_urls',
  'sigv4a_signing_region_set',
  'auth_scheme_preference',
  'account_id_endpoint_mode',
  'ca_bundle',
  'use_fips_endpoint',
  'use_dualstack_endpoint',
  'retry_mode',
  'role_session_name',
  'toolkit_artifact_guid',
]) {
  keys(`keep ${key}, which says how AWS is asked and not by whom`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, `[default]\n${key} = x\n`)
      await run(scratch)
      assert.is(await readFile(scratch.file, 'utf8'), `[default]\n${WRITTEN}${key} = x\n`)
      assert.equal(scratch.log.messages('warn'), [])
    }),
  )
}

keys('are named where SDKs go by them', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[default]\nendpoint_url = http://x\nca_bundle = y\n')
    await run(scratch)
    const said = JSON.stringify(scratch.log.lines)
    assert.match(said, 'endpoint_url ca_bundle')
    assert.not.match(said, 'http://x')
  }),
)

keys('are warned of where a user would look for them', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[default]\naws_account_id = 999988887777\nx_principal_arn = x\n')
    await run(scratch)
    assert.equal(scratch.log.messages('warn'), [
      `profile default in ${scratch.file} has aws_account_id, which is removed: it belongs to other keys`,
    ])
  }),
)

keys('give way to the region that WRITE_REGION writes, in both files', () =>
  inScratch(async (scratch) => {
    const config = join(scratch.folder, 'config')
    await writeFile(scratch.file, '[default]\nregion = us-east-1\noutput = json\n[b]\nregion = us-east-1\n')
    await writeFile(config, '[default]\naws_account_id = 999988887777\nregion: us-west-2\noutput = json\n')
    await run(scratch, 'eu-west-1')
    assert.is(
      await readFile(scratch.file, 'utf8'),
      `[default]\n${WRITTEN}output = json\n[b]\nregion = us-east-1\n`,
    )
    assert.is(await readFile(config, 'utf8'), '[default]\nregion = eu-west-1\noutput = json\n')
    const warnings = scratch.log.messages('warn').join('\n')
    assert.match(warnings, /config has aws_account_id, which is removed/)
    assert.match(warnings, /credentials has region, which is removed: SDKs prefer it/)
  }),
)

keys('that hide ours are refused in the config file too', () =>
  inScratch(async (scratch) => {
    const config = join(scratch.folder, 'config')
    const before = '[default]\nrole_arn = x\nsource_profile = b\n'
    await writeFile(config, before)
    const error = await rejectsWithCode(run(scratch, 'eu-west-1'), 'FILE')
    assert.match(error.message, `in ${config} has role_arn`)
    assert.is(await readFile(config, 'utf8'), before)
    assert.equal(await scratch.list(), ['config'])
  }),
)

for (const key of ['role_arn', 'aws_account_id', 'AWS_SECURITY_TOKEN', 'sso_session']) {
  keys(`of Python's [DEFAULT] are refused if they are like ${key}`, () =>
    inScratch(async (scratch) => {
      const before = `[DEFAULT]\n${key} = x\n`
      await writeFile(scratch.file, before)
      const error = await rejectsWithCode(run(scratch), 'FILE')
      assert.match(error.message, `[DEFAULT] in ${scratch.file} has ${key.toLowerCase()}`)
      assert.is(await readFile(scratch.file, 'utf8'), before)
    }),
  )
}

keys("of Python's [DEFAULT] that ours replace do no harm", () =>
  inScratch(async (scratch) => {
    const before = '[DEFAULT]\naws_access_key_id = OLD\naws_session_token = old\nregion = x\n'
    await writeFile(scratch.file, before)
    await run(scratch)
    assert.is(await readFile(scratch.file, 'utf8'), `${before}\n[default]\n${WRITTEN}`)
  }),
)

keys.run()
