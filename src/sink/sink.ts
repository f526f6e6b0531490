/** A sink for credentials: one file that stores them, previews the write, and describes what it did. */
import type { SessionCredentials } from '../credentials.ts'
import type { Look, Watch } from '../run/watch.ts'

export interface Sink {
  /** @throws IamRaError of stage sink; nothing is left half written */
  store(credentials: SessionCredentials, watch: Watch): Promise<void>
  /** What a run would find, file by file; nothing is written. */
  preview(): readonly Look[]
  /** What was done, as the log puts it: `credentials written to …`. */
  describe(): string
}
