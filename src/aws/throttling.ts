/** AWS does not document how it throttles here: besides 429, every throttling code of the SDKs counts. */
export function isThrottling(type: string): boolean {
  return /throttl|too_?many_?requests|request_?limit/i.test(type)
}
