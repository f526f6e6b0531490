#!/usr/bin/env node
/** Entry point of the operator's program. */
import { runProcess } from './operator/process.ts'

await runProcess(process)
