/** Strings that some parser of YAML takes for something else, or not at all. */
import fc from 'fast-check'

export const NO_STRINGS: readonly string[] = [
  ...['yes', 'Yes', 'NO', 'on', 'Off', 'y', 'n', 'Y', 'true', 'False', 'null', 'Null', '~', ''],
  ...['0x1f', '0o17', '017', '0b11', '1e3', '1_000', '+1', '-1', '1.', '.5', '.inf', '-.inf', '.NaN', '1:30'],
  ...['12:30:45', '190:20:30', '2026-01-01', '2026-11-30T18:00:00Z', '=', '<<', '-', '---', '...', '?', ':'],
  ...[
    '# no comment',
    '! tag',
    '&anchor',
    '*alias',
    '[',
    '{}',
    '%YAML 1.1',
    '@at',
    '`tick`',
    '| bar',
    '> fold',
  ],
]

const NASTY: readonly string[] = [
  ...NO_STRINGS,
  ...[' leading', 'trailing ', '\ttab', "it's", '"quoted"', '\\u0041', 'a\u2028b', 'a\u2029b', 'a\u0085b'],
  ...['\ufeffbom', 'bell\u0007', 'del\x7f', 'return\rhere', 'é', '日本', '😀', 'a\u00a0b', '-----BEGIN'],
  ...[
    '\n',
    '\n\n',
    'a\n',
    'a\n\n',
    '\na',
    ' a\n b',
    'a\n  b\n c\n',
    'a\n---\nb\n',
    'a\r\nb',
    'a\n\tb',
    'a \nb ',
  ],
]

/** As many as a cluster takes: no lone halves of characters, which JSON cannot carry. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(fc.constantFrom(...NASTY, ': ', ' #', '\n', '\n ', 'word'), { maxLength: 6 })
    .map((parts) => parts.join('')),
)
