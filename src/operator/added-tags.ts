/** `--tag KEY=VALUE`: tags that an organisation requires. */
import { IamRaError } from '../errors.ts'
import { addedTagFault } from '../onboarding/aws/added-tags.ts'
import type { Tag } from '../onboarding/aws/bindings.ts'

interface TagFlags {
  readonly tag?: readonly Tag[]
  readonly print?: string
}

/** @throws IamRaError with a line for each that AWS would refuse */
export function checkTags({ tag: tags = [], print }: TagFlags): void {
  if (tags.length === 0) return
  if (print !== undefined) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', '--tag must not be set together with --print', {
      hint: 'give CloudFormation the tags: aws cloudformation deploy --tags KEY=VALUE',
    })
  }
  const keys = tags.map(({ Key }) => Key.toLowerCase())
  const problems = tags.flatMap((tag, index) => {
    const wrong = keys.indexOf(tag.Key.toLowerCase()) < index ? 'is given twice' : addedTagFault(tag)
    return wrong === undefined ? [] : [`${tag.Key} ${wrong}`]
  })
  if (problems.length === 0) return
  throw new IamRaError('SETTINGS_INVALID', 'settings', '--tag cannot be used', {
    problems,
    hint: 'keys ignore case in IAM; write each as KEY=VALUE',
  })
}
