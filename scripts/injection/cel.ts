/** Values of the pod templates as text of CEL, the language of Kubernetes' policies. */

/** An expression, which is written as is. */
export class Cel {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Value = string | number | boolean | Cel | readonly Value[] | { readonly [key: string]: Value }

/** Fields with keys of the user's choice, which are maps in CEL and not objects. */
const MAPS = ['requests', 'limits']
const WIDTH = 100

export function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`
}

/** The text of such an expression in one line, without characters that change what a terminal shows. */
export function oneLine(text: string): string {
  return String.raw`${text}.findAll(r'[^\pC\p{Zl}\p{Zp}]+').join(' ')`
}

/**
 * Typed objects, so that the API server finds a misspelt field when it compiles the policy. A key that starts with `?`
 * has an optional value.
 * @param type such as `Object.spec.volumes`
 */
export function literal(value: Value, type: string): string {
  if (value instanceof Cel) return value.text
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object') return String(value)
  if (isList(value))
    return wrapped(
      '[',
      ']',
      value.map((one) => literal(one, type)),
    )
  const isMap = MAPS.some((name) => type.endsWith(`.${name}`))
  const fields = Object.entries(value).map(([key, one]) =>
    isMap
      ? `${quoted(key)}: ${literal(one, type)}`
      : `${key}: ${literal(one, `${type}.${key.replace('?', '')}`)}`,
  )
  return wrapped(isMap ? '{' : `${type}{`, '}', fields)
}

/** Whether the object that `at` names has all that `value` has; more is accepted. */
export function hasAll(at: string, value: Value): string {
  if (typeof value !== 'object' || value instanceof Cel) {
    const missing = typeof value === 'number' ? '0' : typeof value === 'boolean' ? 'false' : "''"
    return `${at}.orValue(${missing}) == ${literal(value, '')}`
  }
  if (isList(value)) {
    const each = value.map((one, index) => hasAll(`${at}[?${index}]`, one))
    return [`${at}.orValue([]).size() == ${value.length}`, ...each].join(' && ')
  }
  return Object.entries(value)
    .map(([key, one]) => hasAll(`${at}.?${key}`, one))
    .join(' && ')
}

/** Every line after the first moved to the right. */
export function indented(text: string, by = 2): string {
  return text.replaceAll('\n', `\n${' '.repeat(by)}`)
}

function wrapped(start: string, end: string, parts: readonly string[]): string {
  const line = `${start}${parts.join(', ')}${end}`
  if (line.length <= WIDTH && !line.includes('\n')) return line
  return `${start}\n  ${parts.map((part) => indented(part)).join(',\n  ')}\n${end}`
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}
