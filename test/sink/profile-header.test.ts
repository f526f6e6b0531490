import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { configHeader, credentialsHeader, hidingKey, sectionsOf } from '../../src/sink/profile-header.ts'

const header = suite('profile header')

header('takes [name] for the profile in a credentials file and [profile name] for another', () => {
  const { written, matches } = credentialsHeader('app')
  assert.is(written, 'app')
  assert.ok(matches('app'))
  assert.not(matches('profile app'))
  assert.not(matches('App'))
})

header('takes every spelling of [profile name] in a config file', () => {
  const { written, matches } = configHeader('app', '')
  assert.is(written, 'profile app')
  for (const name of ['profile app', 'profile   app', 'profile\tapp', 'profile "app"', "profile 'app'"]) {
    assert.ok(matches(name), name)
  }
  for (const name of ['app', 'profileapp', 'profile app2', 'sso-session app']) assert.not(matches(name), name)
})

header('quotes a name with a blank in a config file, as botocore splits it', () => {
  assert.is(configHeader('my app', '').written, 'profile "my app"')
})

header('writes [default] in a config file, or [profile default] where that is in force', () => {
  assert.is(configHeader('default', '[default]\nregion = a\n').written, 'default')
  assert.is(configHeader('default', '\xef\xbb\xbf[profile default]\n').written, 'profile default')
})

header('finds a profile behind a byte order mark, and every section of it', () => {
  assert.is(sectionsOf('\xef\xbb\xbf[app]\n[b]\n[ app ]\n', credentialsHeader('app')).length, 2)
})

header('finds a profile whose name is not ASCII', () => {
  const file = Buffer.from('[été à]\n', 'utf8').toString('latin1')
  assert.is(sectionsOf(file, credentialsHeader('été à')).length, 1)
})

const hiding = suite('keys that hide credentials')

for (const key of [
  'role_arn',
  'source_profile',
  'credential_source',
  'credential_process',
  'web_identity_token_file',
  'login_session',
  'sso_session',
  'sso_account_id',
]) {
  hiding(`finds ${key} in the profile`, () => {
    assert.is(hidingKey(`[app]\nregion = a\n${key.toUpperCase()} = x\n`, credentialsHeader('app')), key)
  })
}

hiding('finds one that only the JavaScript SDK sees', () => {
  assert.is(hidingKey('[app]\nregion = a\n  role_arn = x\n', credentialsHeader('app')), 'role_arn')
})

hiding('finds one in a second section of the profile', () => {
  assert.is(hidingKey('[app]\n[b]\n[app]\nrole_arn = x\n', credentialsHeader('app')), 'role_arn')
})

hiding('passes over other profiles, comments, sub-settings and other keys', () => {
  const file = '[other]\nrole_arn = x\n[app]\n# role_arn = x\ns3 =\n  role_arn = x\nrole_session_name = y\n'
  assert.is(hidingKey(file, credentialsHeader('app')), undefined)
})

header.run()
hiding.run()
