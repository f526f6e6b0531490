/** What a place for credentials is: one file that stores them there, and says what it would meet and what it did. */
import type { SessionCredentials } from '../credentials.ts'
import type { Look, Watch } from '../run/watch.ts'

export interface Sink {
  /** @throws IamRaError of stage sink; nothing is then half written */
  store(credentials: SessionCredentials, watch: Watch): Promise<void>
  /** What a run would meet, file by file; nothing is written. */
  preview(): readonly Look[]
  /** What was done, as the log says it: `credentials written to …`. */
  describe(): string
}
