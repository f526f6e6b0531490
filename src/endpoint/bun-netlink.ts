/**
 * A netlink socket, which JavaScript has none of, through Bun's foreign functions: https://bun.com/docs/runtime/ffi. The
 * rest is writing and reading a file descriptor.
 */
import { closeSync, readSync, writeSync } from 'node:fs'

interface Ffi {
  dlopen(
    library: string,
    functions: { readonly socket: { readonly args: readonly string[]; readonly returns: string } },
  ): { readonly symbols: { socket(domain: number, type: number, protocol: number): number } }
}

/** glibc's name. musl's loader takes every name that begins with `libc.` for itself (ldso/dynlink.c). */
const C_LIBRARY = 'libc.so.6'

/** The same on x86-64 and arm64: socket(2), netlink(7). */
const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 0o2000003
const NETLINK_ROUTE = 0

/** An acknowledgement repeats the request, which is short. */
const ANSWER_BYTES = 4096

/**
 * Sends one request to the kernel, by rtnetlink(7), and returns its answer.
 * @throws Error if there is no such socket; with the system's code if the kernel takes no request
 */
export function askKernel(request: Uint8Array): Uint8Array {
  const { dlopen } = process.getBuiltinModule('bun:ffi') as Ffi
  const { symbols } = dlopen(C_LIBRARY, { socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' } })
  const socket = symbols.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE)
  if (socket < 0) throw new Error('the kernel gives no netlink socket')
  try {
    writeSync(socket, request)
    const answer = new Uint8Array(ANSWER_BYTES)
    return answer.subarray(0, readSync(socket, answer))
  } finally {
    closeSync(socket)
  }
}
