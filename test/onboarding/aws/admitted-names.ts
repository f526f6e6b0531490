import { admissions, type Owner } from '../../../src/onboarding/aws/trust-policy.ts'

/** The CNs that our statements admit. */
export function admittedNames(owner: Owner, policy: string): readonly string[] {
  return admissions(owner, policy).map(({ name }) => name)
}
