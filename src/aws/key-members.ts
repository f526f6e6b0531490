/** Keys of AWS in an answer: each member is checked, for an answer of the wrong shape must not become a credentials file. */

export const KEY_SHAPES = {
  accessKeyId: /^\w{16,128}$/,
  secretAccessKey: /^[\w+/=]{16,256}$/,
  sessionToken: /^[\w+/=-]{16,16384}$/,
}

/** What ends sooner is of no use to the app. */
export const LEAST_LIFE_MS = 1000

/** @param invalid makes the error, of what follows `but` */
export function memberReader(
  data: Readonly<Record<string, unknown>>,
  invalid: (why: string) => Error,
): (name: string, shape: RegExp) => string {
  return (name, shape) => {
    const value = data[name]
    if (typeof value !== 'string' || value === '') throw invalid(`${name} is missing`)
    if (!shape.test(value)) throw invalid(`${name} has invalid characters`)
    return value
  }
}
