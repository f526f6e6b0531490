/**
 * What the SDKs themselves made of files, against our models of them. Recorded from software.amazon.awssdk:profiles 2.31.78,
 * aws-config 1.8.0 with aws-runtime 1.10.2, awscrt 0.38.1, and ini_parser.rb of aws-sdk-core at commit 77d528a on Ruby 3.1.
 */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readAsRuby } from '../../src/sink/ruby-reading.ts'
import { strictObstacle } from '../../src/sink/strict-reading.ts'

interface Recorded {
  readonly text: string
  /** Who reads nothing of it, or not the profile `app`. */
  readonly stops: readonly string[]
}

const FILES = JSON.parse(
  readFileSync(new URL('recorded-readings.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

const recorded = suite('recorded readings')

for (const reader of ['Java', 'Rust', 'CRT', 'Ruby'] as const) {
  recorded(`stop ${reader} where the model says so, and nowhere else`, () => {
    assert.ok(FILES.some(({ stops }) => stops.includes(reader)))
    for (const { text, stops } of FILES) {
      const bytes = Buffer.from(text).toString('latin1')
      const obstacle =
        reader === 'Ruby' ? readAsRuby(bytes, 'app').obstacle : strictObstacle(bytes, 'credentials', reader)
      assert.is(
        obstacle !== undefined,
        stops.includes(reader),
        `${JSON.stringify(text)}: ${obstacle ?? 'read'}`,
      )
    }
  })
}

recorded.run()
