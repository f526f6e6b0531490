/** The settings of commands that write credentials to files. */
import { sourceSettings } from './credentials-source.ts'
import type { Reader } from './reader.ts'
import { sinkSection, startSpreadMs } from './sections.ts'
import type { Settings } from './settings.ts'

/** Every section is read even if an earlier one failed, so that the problems of each are reported. */
export function writingSettings(reader: Reader): Settings | undefined {
  const from = sourceSettings(reader)
  const startSpread = startSpreadMs(reader)
  const anchorRegion =
    from !== undefined && 'exchange' in from.source ? from.source.exchange.region : undefined
  const sink = sinkSection(reader, anchorRegion)
  if (from === undefined || startSpread === undefined || sink === undefined) return undefined
  return { ...from, sink, startSpreadMs: startSpread }
}
