import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { between, markdownTable } from '../../scripts/generated.ts'

const generated = suite('what programs write into documents')

const PAGE = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n'

generated('stands between its marks, whatever it holds', () => {
  assert.is(
    between(PAGE, 'x', '| $1 |\n'),
    'a\n<!-- x -->\n| $1 |\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n',
  )
})

generated('is never dropped for want of a place', () => {
  assert.throws(() => between(PAGE, 'z', 'new\n'), /no section marked z/)
  assert.throws(() => between('<!-- x -->\nno end', 'x', 'new\n'), /no section marked x/)
})

generated('is a table with its columns at the left, or its numbers at the right', () => {
  const rows = [['a', '1']]
  assert.is(markdownTable(['what', 'how many'], rows), '| what | how many |\n| --- | --- |\n| a | 1 |\n')
  assert.match(markdownTable(['what', 'how many'], rows, { numbers: true }), '| --- | --: |\n')
})

generated.run()
