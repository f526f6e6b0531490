/** No document says how AWS throttles here: beside 429 every throttling code of the SDKs is taken as one. */
export function isThrottling(type: string): boolean {
  return /throttl|too_?many_?requests|request_?limit/i.test(type)
}
