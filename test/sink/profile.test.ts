import * as ini from 'ini'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { configHeader, credentialsHeader } from '../../src/sink/profile-header.ts'
import { editProfile, type ProfileEdit } from '../../src/sink/profile.ts'
import { fc } from '../support/generated.ts'

const BLOCK = '# aws-iam-ra: c1\naws_access_key_id = A1\naws_secret_access_key = S1\naws_session_token = T1\n'

function credentialsEdit(profile = 'app', mark = '1'): ProfileEdit {
  return {
    header: credentialsHeader(profile),
    comment: `c${mark}`,
    values: {
      aws_access_key_id: `A${mark}`,
      aws_secret_access_key: `S${mark}`,
      aws_session_token: `T${mark}`,
    },
    obsolete: ['aws_security_token'],
  }
}

/** Edits and checks what must hold for every file: editing again with the same values changes nothing. */
function edited(text: string, edit = credentialsEdit()): string {
  const once = editProfile(text, edit)
  assert.is(editProfile(once, edit), once, 'editing twice is editing once')
  return once
}

const profile = suite('profile')

profile('starts a new file', () => {
  assert.is(edited(''), `[app]\n${BLOCK}`)
  assert.is(edited('\xef\xbb\xbf'), `\xef\xbb\xbf[app]\n${BLOCK}`)
})

profile('adds a section after a blank line and ends a last line that has no end', () => {
  assert.is(edited('[b]\nx = 1'), `[b]\nx = 1\n\n[app]\n${BLOCK}`)
  assert.is(edited('[b]\nx = 1\n\n'), `[b]\nx = 1\n\n[app]\n${BLOCK}`)
  assert.is(edited('# note\r\n[b]\r\n'), `# note\r\n[b]\r\n\r\n[app]\r\n${BLOCK.replaceAll('\n', '\r\n')}`)
})

profile('replaces its keys however they are written and keeps all else in the section', () => {
  const file = [
    '[a]\nx = 1\n\n',
    '[app]\n# mine\nregion = eu-west-1\nAWS_Access_Key_Id=old\naws_secret_access_key : old\n',
    '\taws_session_token = old\naws_session_token = older\naws_security_token\n; also mine\n\n',
    '[b]\naws_access_key_id = B\n',
  ]
  assert.is(
    edited(file.join('')),
    `[a]\nx = 1\n\n[app]\n${BLOCK}# mine\nregion = eu-west-1\n; also mine\n\n[b]\naws_access_key_id = B\n`,
  )
})

profile('replaces its own comment wherever it stands in the section', () => {
  assert.is(
    edited('[app]\nx = 1\n  # aws-iam-ra: old\n#aws-iam-ra: mine\n'),
    `[app]\n${BLOCK}x = 1\n#aws-iam-ra: mine\n`,
  )
})

profile('keeps CRLF, a byte order mark and bytes that are no UTF-8', () => {
  const file = '\xef\xbb\xbf[ app ]\r\nx = \xff\xa0\r\n[b]\r\n\xfe'
  assert.is(edited(file), `\xef\xbb\xbf[app]\r\n${BLOCK.replaceAll('\n', '\r\n')}x = \xff\xa0\r\n[b]\r\n\xfe`)
})

profile('makes a header readable for all and keeps what stood behind it', () => {
  assert.is(edited('[app] # note\n'), `[app]\n${BLOCK}# note\n`)
  assert.is(edited('[app] ; note\n'), `[app]\n${BLOCK}; note\n`)
  assert.is(edited('[ app]# see [1]\nx = 1\n'), `[app]\n${BLOCK}# see [1]\nx = 1\n`)
  assert.is(edited('[app] junk\n'), `[app]\n${BLOCK}# junk\n`)
})

profile('leaves [profile app], [App] and [app]] to their owners', () => {
  const others = '[profile app]\nx = 1\n[App]\n[app]]\naws_access_key_id = B\n'
  assert.is(edited(others), `${others}\n[app]\n${BLOCK}`)
})

profile('writes names with dots, blanks and letters beyond ASCII', () => {
  assert.is(edited('[a]\n[a.b]\nx = 1\n', credentialsEdit('a.b')), `[a]\n[a.b]\n${BLOCK}x = 1\n`)
  assert.is(edited('', credentialsEdit('my app')), `[my app]\n${BLOCK}`)
  assert.is(Buffer.from(edited('', credentialsEdit('à')), 'latin1').toString('utf8'), `[à]\n${BLOCK}`)
})

profile('makes one section of several, the later setting winning', () => {
  const file = '[app]\nregion = a\noutput = json\n\n[b]\nx = 1\n[app]\n# two\nregion = b\n  c\n\n[z]\n'
  assert.is(edited(file), `[app]\n${BLOCK}output = json\n# two\nregion = b\n  c\n\n[b]\nx = 1\n\n[z]\n`)
})

profile('ends the last line of a section that is moved', () => {
  assert.is(edited('[app]\nx = 1\n[b]\n[app]\ny = 2'), `[app]\n${BLOCK}x = 1\ny = 2\n[b]\n`)
})

profile('takes the rest of a wrapped value away and keeps a setting that is only indented', () => {
  const file = '[app]\naws_session_token = old\n  Zm9vYmFy==\n  # note\n  region = eu-west-1\n  more\nx = 1\n'
  assert.is(edited(file), `[app]\n${BLOCK}# note\nregion = eu-west-1\nx = 1\n`)
})

profile(
  'takes its keys out of values where the JavaScript SDK would see them, and leaves sub-settings',
  () => {
    const file = '[app]\nx = 1\n  aws_session_token = old\n  y\ns3 =\n  aws_session_token = theirs\n'
    assert.is(edited(file), `[app]\n${BLOCK}x = 1\n  y\ns3 =\n  aws_session_token = theirs\n`)
  },
)

profile('is at the margin with all that it keeps, and so is the header that follows', () => {
  assert.is(edited('  [app]\n  region = a\n  [b]\n  x = 1\n'), `[app]\n${BLOCK}region = a\n[b]\n  x = 1\n`)
  assert.is(edited('[app]\n\t[b]\n  [c]\n'), `[app]\n${BLOCK}[b]\n  [c]\n`)
  assert.is(edited('  [b]\n[app]\nx = 1\n[app]\n  [c]\n'), `  [b]\n[app]\n${BLOCK}x = 1\n[c]\n`)
  assert.is(edited('[app]\n  # note\n\nx = 1\n  # end\n'), `[app]\n${BLOCK}# note\n\nx = 1\n# end\n`)
  assert.is(edited('[app]\n\v\nx = 1\n \f\n'), `[app]\n${BLOCK}\nx = 1\n\n`)
})

profile('has `key = value` in place of a colon, and a comment in place of what is no setting', () => {
  assert.is(
    edited('[app]\nregion: x\nOutput :a=b\nempty:\nx=1\n'),
    `[app]\n${BLOCK}region = x\nOutput = a=b\nempty =\nx=1\n`,
  )
  assert.is(
    edited('[app]\nno setting\n = x\n[open = 1\n: y\n'),
    `[app]\n${BLOCK}# no setting\n# = x\n# [open = 1\n# : y\n`,
  )
  assert.is(edited('[app]\nodd\n  region: x\n'), `[app]\n${BLOCK}# odd\nregion = x\n`)
})

profile('keeps sub-settings and wrapped values below their key, and nothing among them that is none', () => {
  assert.is(
    edited(
      '[app]\ns3 =\n    max = 1\n  # note\n\tmin=2\n    odd\n    = 3\n\vx = 4\nregion = x\n  # c\n  y\n',
    ),
    `[app]\n${BLOCK}s3 =\n    max = 1\n# note\n\tmin=2\n# odd\n# = 3\n  x = 4\n# c\nregion = x\n  y\n`,
  )
  assert.is(edited('[app]\n  s3 : \n    max = 1\n'), `[app]\n${BLOCK}s3 =\n    max = 1\n`)
  // Ruby reads no wrapped value behind a comment.
  assert.is(
    edited('[app]\nregion = a\n\n  # c\n  output = json\n'),
    `[app]\n${BLOCK}\n# c\nregion = a\n  output = json\n`,
  )
})

profile('ends each of its lines so that every reader sees the end', () => {
  const own = `[app]\n${BLOCK}x = 1\n`.replaceAll('\n', '\r\n')
  assert.is(edited('[b]\r[app]\rx = 1\r[c]\r'), `[b]\r\n${own}[c]\r`)
  assert.is(edited('[b]\r\r'), `[b]\r\r\n${own.replace('x = 1\r\n', '')}`)
})

profile('takes the line ending of the first line for its own and leaves that of its header', () => {
  const own = BLOCK.replaceAll('\n', '\r\n')
  assert.is(edited('# note\r\n[ app ]\nx = 1\n'), `# note\r\n[app]\n${own}x = 1\n`)
})

profile('keeps keys that are named like members of every object', () => {
  assert.is(
    edited('[app]\nconstructor = 1\n__proto__ = 2\n'),
    `[app]\n${BLOCK}constructor = 1\n__proto__ = 2\n`,
  )
})

profile('writes the region of a config file and keeps its other settings', () => {
  const text = '[default]\nregion = a\n[profile "app"]\nregion = b\noutput = json\n'
  const edit = { header: configHeader('app', text), values: { region: 'eu-west-1' } }
  assert.is(edited(text, edit), '[default]\nregion = a\n[profile app]\nregion = eu-west-1\noutput = json\n')
})

// Generated files: headers of all spellings, settings of ours and of others, odd lines, both line endings.
const blank = fc.constantFrom('', '', '', ' ', '\t', '    ')
const ownHeader = fc
  .tuple(blank, blank, blank, fc.constantFrom('', ' # c', '# [1]', ' junk'))
  .map(([before, left, right, rest]) => `${before}[${left}app${right}]${rest}`)
const otherHeader = fc.constantFrom(
  '[default]',
  '[a.b]',
  '[profile app]',
  '[my other app]',
  '  [c] ; x',
  '[d]]',
  '[]',
)
const key = fc.constantFrom(
  'region',
  's3',
  'aws_access_key_id',
  'aws_session_token',
  'AWS_SECURITY_TOKEN',
  'x',
)
const value = fc.constantFrom('v', '', 'a=b', 'q # c', 'é', '\xff')
const setting = fc.tuple(blank, key, fc.constantFrom(' = ', '=', ' : '), value).map((parts) => parts.join(''))
const odd = fc.constantFrom(
  '',
  '   ',
  '# note',
  '\t; note',
  '# aws-iam-ra: old',
  'garbage',
  '  Zm9v==',
  '= x',
  '[open',
)
const line = fc.oneof(
  { arbitrary: ownHeader, weight: 1 },
  { arbitrary: otherHeader, weight: 1 },
  { arbitrary: setting, weight: 4 },
  { arbitrary: odd, weight: 2 },
)
const file = fc
  .tuple(fc.array(line, { maxLength: 16 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean())
  .map(([lines, end, closed, mark]) => (mark ? '\xef\xbb\xbf' : '') + lines.join(end) + (closed ? end : ''))

/** The oracle: the text cut before each header, by a rule of its own, and whether the piece is the profile's. */
function pieces(text: string): { text: string; own: boolean }[] {
  return text.split(/(?<=^|[\r\n]|\xbb\xbf)(?=[ \t]*\[[^\]\r\n]*\])/).map((piece) => ({
    text: piece,
    own: /^[ \t]*\[[ \t]*app[ \t]*\](?=[ \t]*[#;]|[^\]\r\n]*(?:[\r\n]|$))/.test(piece),
  }))
}

const properties = suite('profile, properties')

properties('gives every file exactly one section of the profile with our values, and is idempotent', () => {
  fc.assert(
    fc.property(file, (text) => {
      const own = pieces(edited(text)).filter((piece) => piece.own)
      assert.is(own.length, 1)
      for (const [name, expected] of Object.entries(credentialsEdit().values)) {
        const lines = own[0]?.text.split(/\r?\n/).filter((each) => each.trim().startsWith(`${name} =`))
        assert.ok(lines?.some((each) => each.trim() === `${name} = ${expected}`))
      }
    }),
    { numRuns: 1000 },
  )
})

properties('keeps every other byte of a file with at most one section of the profile', () => {
  fc.assert(
    fc.property(file, (text) => {
      const before = pieces(text)
      fc.pre(before.filter(({ own }) => own).length <= 1)
      const after = pieces(edited(text))
      if (before.some(({ own }) => own)) {
        // All but the indentation of a header that follows the profile's.
        const others = (all: typeof before): string[] =>
          all.flatMap(({ text: piece, own }, at) =>
            own ? [] : all[at - 1]?.own === true ? piece.replace(/^[ \t]+(?=\[)/, '') : piece,
          )
        assert.equal(others(after), others(before))
      } else {
        assert.ok(edited(text).startsWith(text))
      }
    }),
    { numRuns: 1000 },
  )
})

properties('differs only in our four lines when other values follow', () => {
  fc.assert(
    fc.property(file, (text) => {
      const first = edited(text).split('\n')
      const second = edited(first.join('\n'), credentialsEdit('app', '2')).split('\n')
      assert.is(second.length, first.length)
      assert.is(second.filter((each, index) => each !== first[index]).length, 4)
    }),
    { numRuns: 1000 },
  )
})

properties('leaves every other profile of a plain file as ini reads it', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  const settings = fc.dictionary(word, word, { maxKeys: 4, noNullPrototype: true })
  const plain = fc.dictionary(fc.oneof(word, fc.constant('app')), settings, {
    maxKeys: 5,
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(plain, (sections) => {
      // By way of JSON, since ini gives objects without a prototype.
      const read = (text: string): Record<string, object> =>
        JSON.parse(JSON.stringify(ini.parse(text))) as Record<string, object>
      const expected = read(ini.stringify(sections))
      const actual = read(edited(ini.stringify(sections)))
      assert.equal(actual, { ...expected, app: { ...expected['app'], ...credentialsEdit().values } })
    }),
    { numRuns: 200 },
  )
})

profile.run()
properties.run()
