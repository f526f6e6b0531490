/** A command that changes something: what it shows, when it asks, and how it ends. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { operate, type Outcome } from './operator.ts'
import { TEST_ROUTES } from './routes.ts'

const changing = suite('a change')

const things = (words: string, replies?: readonly ('yes' | 'no' | 'interrupted')[]): Promise<Outcome> =>
  operate(['things', ...words.split(' ')], {
    routes: TEST_ROUTES,
    ...(replies === undefined ? {} : { replies }),
  })

const PLAN = '+ create a\n    size: 1\n~ change b\n    size: 1\nnote: mind the gap\n'

changing('is shown, done in order and looked at again, on stderr alone', async () => {
  const { code, stdout, stderr, asked } = await things('create:a change:b')
  assert.is(code, 0)
  assert.is(stdout, '')
  assert.is(stderr, `${PLAN}did create:a\ndid change:b\nnote: it is there\ndone\n`)
  assert.equal(asked, [])
})

changing('asks on a terminal, where Enter goes on with what creates', async () => {
  const { code, stderr, asked } = await things('create:a change:b', ['yes'])
  assert.is(code, 0)
  assert.match(stderr, /\ndone\n$/)
  assert.equal(asked, [{ text: '1 to create, 1 to change. Continue?', initial: true }])
})

changing('asks on a terminal, where Enter leaves what takes away', async () => {
  const { code, stderr, asked } = await things('create:a delete:b', ['no'])
  assert.is(code, 9)
  assert.match(stderr, /\niam-ra: not confirmed; nothing was changed\n$/)
  assert.not.match(stderr, /did /)
  assert.equal(asked, [{ text: '1 to create, 0 to change, 1 to delete. Continue?', initial: false }])
})

changing('without a terminal takes nothing away unless --yes says so', async () => {
  const refused = await things('delete:a')
  assert.is(refused.code, 9)
  assert.match(
    refused.stderr,
    /no terminal to confirm it on\nhint: check the plan with --dry-run, then add --yes /,
  )
  assert.not.match(refused.stderr, /did /)
  const done = await things('delete:a --yes')
  assert.is(done.code, 0)
  assert.match(done.stderr, /\ndid delete:a\n/)
})

changing('with --yes asks nobody', async () => {
  const { code, asked } = await things('delete:a --yes', [])
  assert.is(code, 0)
  assert.equal(asked, [])
})

changing('ends as a program does at Ctrl-C', async () => {
  const { code, stderr } = await things('create:a', ['interrupted'])
  assert.is(code, 130)
  assert.match(stderr, /\niam-ra: stopped by Ctrl-C; nothing was changed\n$/)
})

changing(
  'with --dry-run shows the plan alone, and says by its exit if there is something to do',
  async () => {
    const dry = await things('create:a change:b --dry-run', [])
    assert.is(dry.code, 0)
    assert.is(dry.stderr, `${PLAN}1 to create, 1 to change; nothing was changed: this is a dry run\n`)
    assert.is((await things('delete:a --dry-run --exit-code')).code, 8)
    const nothing = await operate(['things', '--dry-run', '--exit-code'], { routes: TEST_ROUTES })
    assert.is(nothing.code, 0)
    assert.is(nothing.stderr, 'note: mind the gap\nnothing to do\n')
  },
)

changing('does nothing where a problem stands in the way', async () => {
  const { code, stderr } = await things('create:a problem:b --yes')
  assert.is(code, 2)
  assert.match(
    stderr,
    /iam-ra: nothing was changed\n {2}problem:b\nhint: settle what is listed above, [^\n]*\n$/,
  )
  assert.not.match(stderr, /did /)
})

changing('that does not show afterwards is an error of whom it was asked of', async () => {
  const { code, stderr } = await things('create:a create:b!')
  assert.is(code, 5)
  assert.match(
    stderr,
    /iam-ra: every step was applied, but not every change is visible\n {2}\+ create b!\n.*\nhint: run it again/,
  )
})

changing.run()
