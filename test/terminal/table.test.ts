import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { table } from '../../src/terminal/table.ts'

const tables = suite('a table')

tables('has columns as wide as what is in them, and no blanks at the ends of its lines', () => {
  assert.equal(
    table(
      ['WORKLOAD', 'ROLE'],
      [
        ['api', 'readonly'],
        ['payment-service', ''],
      ],
    ),
    ['WORKLOAD         ROLE', 'api              readonly', 'payment-service'],
  )
  assert.equal(table(['A', 'B'], []), ['A  B'])
})

tables.run()
