/** Vault for onboarding: steps from its writes, and refusals that say what the operator's policy lacks. */
import { IamRaError } from '../../../errors.ts'
import type { Plan, Shown, Step } from '../../plan/step.ts'
import { applyingTo, type ApplyContext } from '../../vault/apply.ts'
import { showStep } from '../../vault/display.ts'
import type * as vault from '../../vault/step.ts'
import type { Vault } from '../../vault/vault.ts'

/** The same client, whose refusals name the rule that the operator's policy lacks. */
export function explaining(client: Vault): Vault {
  return {
    read: (path) => explained(path, ['read'], () => client.read(path)),
    list: (path) => explained(path, ['list'], () => client.list(path)),
    write: (path, data) => explained(path, writing(path), () => client.write(path, data)),
    delete: (path) => explained(path, ['delete'], () => client.delete(path)),
    close: () => client.close(),
  }
}

/** https://developer.hashicorp.com/vault/api-docs/system/auth#enable-auth-method: sudo */
function writing(path: string): readonly string[] {
  return path.startsWith('sys/auth/') ? ['create', 'update', 'sudo'] : ['create', 'update']
}

async function explained<T>(
  path: string,
  capabilities: readonly string[],
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof IamRaError) || !isForbidden(error)) throw error
    const rule = `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`
    throw new IamRaError(error.code, error.stage, error.message, {
      cause: error,
      status: error.status,
      hint: `log in again if the token has expired, or add to its policy: ${rule}; docs/vault.md has the policies`,
    })
  }
}

export function isForbidden(error: IamRaError): boolean {
  return error.code === 'REFUSED' && error.status === 403
}

/** A plan of data as one of steps. */
export function appliedTo(context: ApplyContext, { steps, notes, problems }: vault.Plan): Plan {
  const apply = applyingTo(context)
  return {
    steps: steps.map((step): Step => ({ shown: condensed(showStep(step)), apply: () => apply(step) })),
    notes,
    problems,
  }
}

const MANY = 20
const OFF: readonly string[] = ['""', '[]', '0', 'false']

/** A PKI role has 45 members, and most of them say what it does not do. */
function condensed(shown: Shown): Shown {
  const { verb, differences = [] } = shown
  if (verb !== 'create' || differences.length <= MANY) return shown
  const telling = differences.filter(({ after }) => !OFF.includes(after))
  const rest = `${differences.length - telling.length}, all off or empty`
  return { ...shown, differences: [...telling, { name: 'other members', after: rest }] }
}

export function refused(...problems: readonly string[]): Plan {
  return { steps: [], notes: [], problems }
}
