/** The simulator itself: its clock, its servers, and jobs whose outcome is known without it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawnMs, seededRandom } from '../rig/chance.ts'
import { runCluster, WAIT, type Client } from '../../scripts/bench/burst/agents.ts'
import { burstTable } from '../../scripts/bench/burst/job-tables.ts'
import { leastMs, runJob, type Job } from '../../scripts/bench/burst/job.ts'
import { fullJitter, HELPER, policy } from '../../scripts/bench/burst/policies.ts'
import { scheduleTable } from '../../scripts/bench/burst/renewal-tables.ts'
import { limited, queueing } from '../../scripts/bench/burst/servers.ts'
import { runSidecars } from '../../scripts/bench/burst/sidecars.ts'
import { virtualClock } from '../rig/virtual-clock.ts'
import { ROOT } from '../../scripts/checks/files.ts'
import { IamRaError } from '../../src/errors.ts'
import { retry } from '../../src/run/retry.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { fc } from '../support/generated.ts'

const clock = suite('the virtual clock')

clock(
  'wakes sleepers in the order of their moments, those of one moment in the order of lying down',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 20 }), { maxLength: 60 }), async (pauses) => {
        const time = virtualClock()
        const woken: [number, number][] = []
        const all = pauses.map(async (ms, index) => {
          await time.sleep(ms)
          assert.is(time.elapsed(), ms)
          woken.push([ms, index])
        })
        await time.run()
        await Promise.all(all)
        assert.equal(
          woken,
          pauses
            .map((ms, index) => [ms, index] as [number, number])
            .sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        )
      }),
    )
  },
)

clock('lets all that a sleeper sets off run before time goes on', async () => {
  const time = virtualClock(1000)
  const seen: number[] = []
  const first = async (): Promise<void> => {
    await time.sleep(5)
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    await time.sleep(1)
    seen.push(time.now())
  }
  const second = async (): Promise<void> => {
    await time.sleep(7)
    seen.push(time.now())
  }
  const both = Promise.all([first(), second()])
  await time.run()
  await both
  assert.equal(seen, [1006, 1007])
})

clock('forgets a sleep that is aborted, without waiting for its moment', async () => {
  const time = virtualClock()
  const stop = new AbortController()
  const stopped = new IamRaError('DEADLINE', 'internal', 'over')
  const sleeping = rejectsWithCode(time.sleep(9000, stop.signal), 'DEADLINE')
  void time.sleep(10).then(() => stop.abort(stopped))
  await time.run()
  assert.is(await sleeping, stopped)
  assert.is(time.elapsed(), 10)
  assert.is(await rejectsWithCode(time.sleep(1, stop.signal), 'DEADLINE'), stopped)
})

const servers = suite('the servers of the simulation')

servers('let through what the rate brings and the bucket has saved, and no more', () => {
  const limit = limited({ perSecond: 10, burst: 10 })
  const passed = (fromMs: number, untilMs: number, stepMs: number): number => {
    let count = 0
    for (let ms = fromMs; ms < untilMs; ms += stepMs)
      if (limit.arrive(ms, 1e9).kind === 'answered') count += 1
    return count
  }
  assert.is(passed(0, 10_000, 1), 99, 'an empty bucket, then ten a second')
  assert.is(passed(60_000, 60_001, 0.01), 10, 'a bucket that a minute has filled')
  assert.equal([limit.requests, limit.answered], [10_100, 109])
})

servers('say in whole seconds when the next token comes, where they say it', () => {
  const limit = limited({ perSecond: 0.5, burst: 1, tellsWhen: true })
  assert.equal(limit.arrive(0, 1e9), { kind: 'throttled', retryAfterMs: 2000 })
  assert.equal(limit.arrive(1500, 1e9), { kind: 'throttled', retryAfterMs: 1000 })
  assert.equal(limit.arrive(2000, 1e9), { kind: 'answered', afterMs: 0 })
})

servers('answer nobody while they are away', () => {
  const limit = limited({ perSecond: 10, burst: 10, down: [1000, 2000] })
  assert.equal(
    [900, 1000, 1999, 2000].map((ms) => limit.arrive(ms, 1e9).kind),
    ['answered', 'down', 'down', 'answered'],
  )
})

servers('serve a queue in its order, with or without those who have left', () => {
  for (const [gone, third] of [
    ['dropped', 200],
    ['worked on', 300],
  ] as const) {
    const queue = queueing(10, gone)
    assert.equal(queue.arrive(0, 1000), { kind: 'answered', afterMs: 100 })
    queue.arrive(0, 50)
    assert.equal(queue.arrive(0, 1000), { kind: 'answered', afterMs: third }, gone)
    assert.equal([queue.requests, queue.answered], [3, 2])
  }
})

servers('are reached after delays with the stated median and spread', () => {
  const random = seededRandom(1)
  const drawn = Array.from({ length: 20_000 }, () => drawnMs({ medianMs: 30, sigma: 0.5 }, random)).sort(
    (a, b) => a - b,
  )
  const share = (of: number): number => drawn[Math.floor(of * drawn.length)] ?? 0
  assert.ok(Math.abs(share(0.5) - 30) < 1, String(share(0.5)))
  // One standard deviation above the median.
  assert.ok(Math.abs(share(0.8413) - 30 * Math.exp(0.5)) < 1.5, String(share(0.8413)))
})

const jobs = suite('a simulated job')
const job = (given: Partial<Job> = {}): Job => ({ pods: 50, policy: retry, deadlineMs: 3_600_000, ...given })

jobs('whose pods start a second apart is throttled nowhere', async () => {
  const done = await runJob(job({ startMs: (pod) => 1000 * (pod + 1) }))
  assert.equal([done.succeeded, done.failed, done.requests, done.logins], [50, 0, 50, 50])
  assert.ok(done.lastMs > 50_000 && done.lastMs < 51_000)
})

jobs('without any retry gets no more than the limit lets through at its moment', async () => {
  const once = policy(() => undefined)
  const done = await runJob(job({ policy: once, startMs: () => 10_000 }))
  // Ten were saved up, and within the spread of the delays a second brings a few more.
  assert.ok(done.succeeded >= 10 && done.succeeded <= 14, String(done.succeeded))
  assert.is(done.requests, 50)
})

jobs('is never quicker than the limit, and comes to the same with the same seed', async () => {
  const [first, second] = [await runJob(job({ pods: 200 })), await runJob(job({ pods: 200 }))]
  assert.equal(first, second)
  assert.is(leastMs(200), 20_000)
  assert.ok(first.lastMs >= first.leastMs)
  assert.is(first.succeeded, 200)
})

jobs("with the helper's policy asks three times at most, and fails nearly all", async () => {
  const done = await runJob(job({ pods: 500, policy: HELPER }))
  assert.ok(done.requests <= 1500)
  assert.ok(done.failed > 400)
  const again = await runJob(job({ pods: 100, policy: HELPER, restarts: true }))
  assert.is(again.failed, 0)
  assert.ok(again.logins > 100, 'each start logs in')
})

jobs('of the comparison differs from the real retry in its pauses alone', async () => {
  const same = policy(({ attempt, error, remainingMs, random }) => {
    const roomMs = remainingMs - 250 - (error.retryAfterMs ?? 0)
    if (roomMs < 50) return undefined
    const crowd = error.code === 'THROTTLED' || error.code === 'TIMEOUT'
    const most = crowd ? Math.max(15_000, Math.min(120_000, roomMs / 4)) : 15_000
    return (
      Math.max(50, random() * Math.min(roomMs, most, 500 * 2 ** (attempt - 1))) + (error.retryAfterMs ?? 0)
    )
  })
  for (const deadlineMs of [20_000, 3_600_000]) {
    const theirs = await runJob(job({ pods: 300, policy: same, deadlineMs, tellsWhen: true }))
    assert.equal(theirs, await runJob(job({ pods: 300, deadlineMs, tellsWhen: true })))
  }
})

jobs('leaves nothing of the limit unused before a deadline that is short for all', async () => {
  const done = await runJob(job({ pods: 400, deadlineMs: 20_000 }))
  // 200 in 20 s; a pod's last attempt begins a quarter of a second before.
  assert.ok(done.succeeded >= 190 && done.succeeded <= 200, String(done.succeeded))
  const before = await runJob(job({ pods: 400, policy: fullJitter(300_000), deadlineMs: 45_000 }))
  const now = await runJob(job({ pods: 400, deadlineMs: 45_000 }))
  assert.is(now.failed, 0)
  assert.ok(before.failed > 0, 'to give up where a pause is too long fails pods that had time')
})

jobs('logs in again where a certificate ends before its turn', async () => {
  const done = await runJob(job({ pods: 200, certificateMs: 5000 }))
  assert.is(done.failed, 0)
  assert.ok(done.logins > 250, String(done.logins))
})

const agents = suite('simulated node agents')
const nodes = { pods: 60, nodes: 6, accounts: 2, client: WAIT, vaultPerSecond: 5000 }

agents('make one exchange for each account on each node, and log in for each pod besides', async () => {
  const done = await runCluster(nodes)
  assert.is(done.failed, 0)
  assert.is(done.leastMs, 1200)
  // Each exchange logs in as well.
  assert.is(done.logins, 60 + 12)
  const alone = await runCluster({ ...nodes, nodes: 1, accounts: 1 })
  assert.is(alone.logins, 60 + 1)
  assert.ok(alone.requests < 5, 'nobody else asks AWS')
})

agents('that start again ask once more for everyone', async () => {
  const done = await runCluster({ ...nodes, restartedMs: 60_000 })
  assert.is(done.failed, 0)
  assert.is(done.logins, 60 + 12)
  assert.ok(done.lastMs < 10_000, String(done.lastMs))
})

agents('leave pods without credentials whose apps give up for good', async () => {
  const once: Client = async (ask) => (await ask()) === 200
  const done = await runCluster({ ...nodes, client: once })
  assert.ok(done.failed > 0)
  assert.is(done.succeeded + done.failed, 60)
})

const page = suite('docs/large-jobs.md')

page('has what the simulation gives for 100 pods, and the schedule of renewals', async () => {
  const text = readFileSync(join(ROOT, 'docs/large-jobs.md'), 'utf8')
  const [, , ...rows] = (await burstTable(() => undefined, [100])).trimEnd().split('\n')
  assert.ok(rows.length > 5)
  for (const row of rows) assert.ok(text.includes(row), `npm run bench:burst: the page lacks ${row}`)
  assert.ok(text.includes(scheduleTable()), 'npm run bench:burst: the schedule')
})

const sidecars = suite('simulated sidecars')

sidecars('that began in one minute do not renew in one, and stay below ten a second', async () => {
  const done = await runSidecars({
    count: 500,
    startWithinMs: 60_000,
    lifeMs: 3_600_000,
    perSecond: 200,
    untilMs: 3 * 3_600_000,
  })
  assert.ok(done.readyMs < 61_000)
  assert.is(done.requests, 500 + done.renewals, 'none was refused')
  assert.ok(
    Math.max(...done.minutes) < 50,
    `a twentieth each in 20 minutes, not ${Math.max(...done.minutes)}`,
  )
  assert.ok(done.leastLeftMs > 1_199_000)
  assert.is(done.died, 0)
})

sidecars('that AWS leaves alone for longer than they have all come back', async () => {
  const done = await runSidecars({
    count: 50,
    startWithinMs: 60_000,
    lifeMs: 3_600_000,
    perSecond: 10,
    untilMs: 3 * 3_600_000,
    down: [1_800_000, 5_400_000],
  })
  assert.ok(done.died > 25, String(done.died))
  assert.ok(done.revivedMs >= 5_400_000 && done.revivedMs < 5_400_000 + 360_000, String(done.revivedMs))
})

clock.run()
servers.run()
jobs.run()
agents.run()
page.run()
sidecars.run()
