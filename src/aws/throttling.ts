/** No document says how AWS throttles here: 429 and every throttling code of the SDKs are taken as one. */
export function isThrottled(status: number, type: string): boolean {
  return status === 429 || /throttl|too_?many_?requests|request_?limit/i.test(type)
}
