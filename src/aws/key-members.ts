/** AWS keys in an answer: each member is checked, so that a malformed answer never becomes a credentials file. */

export const KEY_SHAPES = {
  accessKeyId: /^\w{16,128}$/,
  secretAccessKey: /^[\w+/=]{16,256}$/,
  sessionToken: /^[\w+/=-]{16,16384}$/,
}

/** Keys that expire sooner are of no use to the app. */
export const LEAST_LIFE_MS = 1000

/** @param invalid creates the error from the words that follow `but` */
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
