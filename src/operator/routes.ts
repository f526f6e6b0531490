/** The table of commands: their flags, their help, and the file that each is loaded from when it runs. */
import { buildRouteMap, type RouteMap } from '@stricli/core'
import { EXIT_HELP } from './exits.ts'
import type { LineContext } from './route.ts'
import { completion } from './routes/completion.ts'
import { doctor } from './routes/doctor.ts'
import { k8s } from './routes/k8s.ts'
import { destroy } from './routes/destroy.ts'
import { init } from './routes/init.ts'
import { role } from './routes/role.ts'
import { status } from './routes/status.ts'
import { vault } from './routes/vault.ts'

export const ROUTES: RouteMap<LineContext> = buildRouteMap({
  routes: {
    init,
    role,
    k8s,
    status,
    doctor,
    destroy,
    vault,
    completion,
  },
  docs: {
    brief: 'give Kubernetes workloads AWS roles, with IAM Roles Anywhere',
    fullDescription: `Gives Kubernetes workloads AWS roles, with IAM Roles Anywhere. This is the program that operators run.

${EXIT_HELP}`,
  },
})
