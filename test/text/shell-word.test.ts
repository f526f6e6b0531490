/** Words of commands that are printed. */
import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { shellWord } from '../../src/text/shell-word.ts'

const word = suite('a word of a printed command')

word('reaches the program as it is, whatever the shell makes of its characters', () => {
  for (const text of [
    'dev',
    'arn:aws:eks:x:1:cluster/a',
    'a b',
    "it's",
    '$(id)',
    ';id',
    '`id`',
    '*',
    '~',
    '',
    '#',
    'a\nb',
  ])
    assert.is(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' }), text)
})

word('stays bare if no shell changes it', () => {
  assert.is(shellWord('admin@prod-1.example:6443/x'), 'admin@prod-1.example:6443/x')
})

word.run()
