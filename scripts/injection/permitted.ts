/** Which roles a namespace may have, by the annotations that kiam and kube2iam read. */
import { arnOf, type Variable } from './asked.ts'

export const PERMITTED = 'iam.amazonaws.com/permitted'
export const ALLOWED = 'iam.amazonaws.com/allowed-roles'

/** A string of JSON with the escapes that patterns of roles need: \" \\ and \/. */
const STRING = String.raw`"(?:[^"\\[:cntrl:]]|\\["\\/])*"`

/**
 * An expression that holds for a regular expression and fails for any other text. The conditional lets the error out,
 * which an `or` would swallow.
 */
export function compiles(pattern: string): string {
  return `(''.matches(${pattern}) ? true : true)`
}

/** CEL cannot read JSON. */
export function isJsonArray(text: string): string {
  const list = String.raw`^\s*\[\s*(?:${STRING}\s*(?:,\s*${STRING}\s*)*)?\]\s*$`
  return `${text}.matches(r'${list}')`
}

export const PERMITTED_VARIABLES: readonly Variable[] = [
  ['rules', "variables.cluster[?'namespace-rules'].orValue('kiam').split(',').map(one, one.trim())"],
  ['permitted', `variables.ns[?'${PERMITTED}'].orValue('')`],
  // kiam anchors with ^ and $ alone, which an alternative escapes: here the group holds it. Without the check, a
  // pattern could close the group and open another.
  [
    'kiamAllows',
    `variables.permitted != '' && ${compiles('variables.permitted')}
&& variables.roleArn.matches('^(?:' + variables.permitted + ')$')`,
  ],
  ['allowedText', `variables.ns[?'${ALLOWED}'].orValue('[]')`],
  ['allowedIsRead', isJsonArray('variables.allowedText')],
  [
    'allowed',
    String.raw`(variables.allowedIsRead ? variables.allowedText : '').findAll(r'${STRING}')
.map(text, text.substring(1, text.size() - 1).replace(r'\/', '/').replace(r'\"', '"').replace('\\\\', '\\'))
.map(one, ${arnOf('one')})`,
  ],
  // kube2iam's globs know the asterisk only. All else is quoted, and text that would end the quotation matches nothing.
  [
    'kube2iamAllows',
    String.raw`variables.defaultRole != '' && variables.roleArn == (${arnOf('variables.defaultRole')})
|| (variables.cluster[?'allowed-roles-format'].orValue('glob') == 'regexp'
  ? variables.allowed.exists(one, variables.roleArn.matches(one))
  : variables.allowed.exists(one, !one.contains('\\')
      && variables.roleArn.matches(r'^\Q' + one.replace('*', r'\E.*\Q') + r'\E$')))`,
  ],
]
