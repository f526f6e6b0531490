/** What kubectl says when it fails, and what to do then. test/onboarding/kubernetes/refusals.ts has the recorded texts. */
import { IamRaError, type ErrorCode } from '../../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../../net/rules.ts'
import { foreignText, foreignTexts } from '../../text/redact.ts'

/** `text` is all that it said, one per line: the lines of its log too. */
export interface KubectlFacts extends RefusalFacts {
  /** The system's code if it could not be started, or why it was killed. */
  readonly ended: string | undefined
  /** `kubectl` with the flags by which it reaches the same cluster and namespace, for hints. */
  readonly kubectl: string
}

interface KubectlRule extends Rule<KubectlFacts> {
  readonly code: ErrorCode
  /** The HTTP status behind it, if there is one. */
  readonly status?: number
}

const NEEDS = 'kubectl 1.24 or newer'

/** @param say is told what the first group of the pattern found */
const found =
  (pattern: RegExp, say: (found: string, facts: KubectlFacts) => string) =>
  (facts: KubectlFacts): string =>
    say(foreignText(pattern.exec(facts.text)?.[1] ?? ''), facts)

/** A command for the same cluster and namespace. */
const then =
  (before: string, command: string, after = '') =>
  ({ kubectl }: KubectlFacts): string =>
    `${before}${kubectl} ${command}${after}`

export const KUBECTL_RULES: readonly KubectlRule[] = [
  {
    name: 'missing',
    when: ({ ended }) => ended === 'ENOENT' || ended === 'EACCES' || ended === 'ENOTDIR',
    code: 'INPUT_FILE',
    cause: 'there is no kubectl on PATH',
    hint: `install ${NEEDS}, or add its directory to PATH`,
  },
  {
    name: 'hangs',
    when: ({ ended }) => ended === 'timeout',
    code: 'TIMEOUT',
    cause: 'kubectl did not end in time and was stopped',
    hint: then(
      'run ',
      'get namespaces',
      ': the server does not answer, or a credential plugin waits for you to sign in',
    ),
  },
  {
    name: 'floods',
    when: ({ ended }) => ended === 'output',
    code: 'ANSWER_INVALID',
    cause: 'its answer is too long',
    hint: 'ask for less: name a namespace',
  },
  {
    name: 'cannot-start',
    when: ({ ended }) => ended !== undefined,
    code: 'INPUT_FILE',
    cause: ({ ended }) => `kubectl cannot be started (${ended ?? ''})`,
    hint: 'check that kubectl version --client works here',
  },
  {
    name: 'too-old',
    when: /unknown (shorthand )?(flag|command)|Unexpected args/i,
    code: 'SETTINGS_INVALID',
    cause: 'this kubectl is too old',
    hint: `install ${NEEDS}; kubectl version --client shows what it is`,
  },
  {
    name: 'no-context',
    when: /server localhost:8080 was refused|current-context must exist|no configuration has been provided/,
    code: 'SETTINGS_INVALID',
    cause: 'there is no kubeconfig here, or it has no current context',
    hint: 'set --context and --kubeconfig, or KUBECONFIG, or run kubectl config use-context',
  },
  {
    name: 'kubeconfig-missing',
    when: /^error: stat .*: no such file or directory/m,
    code: 'INPUT_FILE',
    cause: 'the kubeconfig does not exist',
    hint: 'check --kubeconfig',
  },
  {
    name: 'context',
    when: /context was not found for specified context|cannot locate context|context "[^"]*" does not exist/,
    code: 'SETTINGS_INVALID',
    cause: 'the kubeconfig has no such context',
    hint: 'check --context: kubectl config get-contexts -o name lists them',
  },
  {
    name: 'plugin-missing',
    when: /exec: executable \S+ not found/,
    code: 'INPUT_FILE',
    cause: found(/exec: executable (\S+) not found/, (name) => `its credential plugin ${name} is missing`),
    hint: "install the context's credential plugin, or add its directory to PATH",
  },
  {
    name: 'plugin-failing',
    when: /getting credentials: exec: executable/,
    code: 'REFUSED',
    cause: found(/exec: executable (\S+) /, (name) => `its credential plugin ${name} failed`),
    hint: then(
      'sign in again in the way that this context needs, such as aws sso login, until this works: ',
      'get namespaces',
    ),
  },
  {
    name: 'plugin-unfit',
    when: /getting credentials: |exec plugin: /,
    code: 'ANSWER_INVALID',
    cause: 'the output of its credential plugin is not a credential',
    hint: 'update the credential plugin, and recreate the kubeconfig with it, such as by aws eks update-kubeconfig',
  },
  {
    name: 'kubeconfig-broken',
    when: /error loading config file|Error in configuration|invalid configuration|values for both path and contents/,
    code: 'INPUT_FILE',
    cause: 'the kubeconfig cannot be used',
    hint: then('check the kubeconfig and the files that it names: ', 'config view'),
  },
  {
    name: 'no-credentials',
    when: /^Please enter Username/m,
    code: 'REFUSED',
    status: 401,
    cause: 'the context has no credentials',
    hint: 'set --context to one that has a user, or add credentials with kubectl config set-credentials',
  },
  {
    name: 'unauthorized',
    when: /\bUnauthorized\b|must be logged in to the server|asked for the client to provide credentials/,
    code: 'REFUSED',
    status: 401,
    cause: 'the credentials of this context have expired or are not valid',
    hint: then('sign in again or get a new kubeconfig, until this works: ', 'get namespaces'),
  },
  {
    name: 'quota',
    when: /is forbidden: exceeded quota/,
    code: 'REFUSED',
    status: 403,
    cause: 'a ResourceQuota of the namespace is used up',
    hint: then('raise the quota, or delete what is not needed: ', 'describe resourcequota'),
  },
  {
    name: 'terminating',
    when: /because it is being terminated/,
    code: 'REFUSED',
    status: 403,
    cause: 'the namespace is being deleted',
    hint: 'wait until it is gone, then create it again',
  },
  {
    name: 'pod-security',
    when: /violates PodSecurity/,
    code: 'REFUSED',
    status: 403,
    cause: 'the Pod Security Standard of the namespace forbids this pod',
    hint: 'compare the pod with the standard that the namespace enforces; what iam-ra prints passes restricted',
  },
  {
    name: 'forbidden',
    when: /is forbidden: User "[^"]*" cannot /,
    code: 'REFUSED',
    status: 403,
    cause: ({ text }) => `${denied(text)} is not allowed`,
    hint: ({ text, kubectl }) =>
      `have it allowed by a Role or ClusterRole, or set --context to one that may: ${kubectl} auth can-i ${canI(text)}`,
  },
  {
    name: 'admission',
    when: /denied (the )?request|admission webhook|\(Forbidden\)|is forbidden: /,
    code: 'REFUSED',
    status: 403,
    cause: 'a policy of the cluster forbids it',
    hint: 'compare the object with the policy that the message names',
  },
  {
    name: 'webhook',
    when: /failed calling webhook/,
    code: 'UNAVAILABLE',
    status: 500,
    cause: found(
      /failed calling webhook "([^"]+)"/,
      (name) => `the webhook ${name} of the cluster does not answer`,
    ),
    hint: 'check the pods of the webhook, and run it again',
  },
  {
    name: 'certificate-time',
    when: /x509: certificate has expired or is not yet valid/,
    code: 'TLS',
    cause: "the API server's certificate has expired, or the clock here is wrong",
    hint: "check this machine's clock, and have the API server's certificate renewed",
  },
  {
    name: 'certificate-name',
    when: /x509: (certificate is (not )?valid for|cannot validate certificate for)/,
    code: 'TLS',
    cause: "the API server's certificate has another name",
    hint: "check the server's address in the kubeconfig, or set tls-server-name there",
  },
  {
    name: 'certificate-authority',
    when: /x509: |tls: failed to verify/,
    code: 'TLS',
    cause: "the CA in the kubeconfig did not sign the API server's certificate",
    hint: 'get a new kubeconfig for this cluster: it was recreated, or something between intercepts TLS',
  },
  {
    name: 'scheme',
    when: /server gave HTTP response to HTTPS client|HTTP request to an HTTPS server|rejected our request for an unknown reason|does not look like a TLS handshake/,
    code: 'TLS',
    cause: 'the server there does not speak what the address says, https or http',
    hint: "check scheme and port of the server's address in the kubeconfig",
  },
  {
    name: 'tls',
    when: /\btls: |TLS handshake error/,
    code: 'TLS',
    cause: 'no TLS connection to the API server',
    hint: "check the client certificate and the server's address in the kubeconfig",
  },
  {
    name: 'proxy',
    when: /proxyconnect /,
    code: 'UNREACHABLE',
    cause: 'the proxy cannot be reached',
    hint: 'check HTTPS_PROXY and NO_PROXY, or proxy-url in the kubeconfig',
  },
  {
    name: 'host',
    when: /no such host|server misbehaving/,
    code: 'UNREACHABLE',
    cause: "the API server's host name is unknown here",
    hint: then("check the VPN, and the server's address: ", 'config view --minify'),
  },
  {
    name: 'unreachable',
    when: /was refused - did you specify|connection refused|no route to host|network is unreachable|connection reset|\bEOF\b/,
    code: 'UNREACHABLE',
    cause: 'the API server cannot be reached',
    hint: then(
      "check that the cluster is running, the VPN, and the server's address: ",
      'config view --minify',
    ),
  },
  {
    name: 'timeout',
    when: /deadline exceeded|Client\.Timeout|i\/o timeout|handshake timeout|timed out/,
    code: 'TIMEOUT',
    cause: 'the API server does not answer in time',
    hint: then("check the VPN, firewalls, and the server's address: ", 'config view --minify'),
  },
  {
    name: 'stranger',
    when: /invalid character .* looking for beginning of value/,
    code: 'ANSWER_INVALID',
    cause: 'something else than an API server answers there',
    hint: 'check for a proxy or sign-in page in between: HTTPS_PROXY, NO_PROXY',
  },
  {
    name: 'throttled',
    when: /TooManyRequests|too many requests/,
    code: 'THROTTLED',
    status: 429,
    cause: 'the API server asks to come back later',
    hint: 'run it again in a minute: what was done stays',
  },
  {
    name: 'unavailable',
    when: /ServiceUnavailable|InternalError|currently unable to handle/,
    code: 'UNAVAILABLE',
    status: 503,
    cause: 'the API server cannot answer now',
    hint: 'run it again in a moment: what was done stays',
  },
  {
    name: 'namespace',
    when: /namespaces "[^"]+" not found/,
    code: 'REFUSED',
    status: 404,
    cause: found(/namespaces "([^"]+)" not found/, (name) => `there is no namespace ${name}`),
    hint: found(
      /namespaces "([^"]+)" not found/,
      (name, { kubectl }) => `check --k8s-namespace, or create it: ${kubectl} create namespace ${name}`,
    ),
  },
  {
    name: 'kind',
    when: /doesn't have a resource type|no matches for kind|could not find the requested resource/,
    code: 'REFUSED',
    status: 404,
    cause: 'the cluster does not have such objects',
    hint: 'install what defines them: the Vault Secrets Operator for secrets.hashicorp.com, cert-manager for cert-manager.io',
  },
  {
    name: 'absent',
    when: /\(NotFound\)|" not found/,
    code: 'REFUSED',
    status: 404,
    cause: 'it does not exist',
    hint: then(
      'check the name and --k8s-namespace, and whether this is the right cluster: ',
      'config view --minify',
    ),
  },
  {
    name: 'immutable',
    when: /field is immutable|pod updates may not change fields|cannot change roleRef/,
    code: 'REFUSED',
    status: 422,
    cause: 'it exists, and this part of it cannot be changed',
    hint: ({ text, kubectl }) => `delete it, and run this again: ${kubectl} delete ${invalidName(text)}`,
  },
  {
    name: 'conflict',
    when: /conflicts? with "/,
    code: 'REFUSED',
    status: 409,
    cause: found(/conflicts? with "([^"]+)"/, (name) => `${name} manages a part of it`),
    hint: 'it has no label of iam-ra, so it is left as it is: rename or delete it, or choose another name',
  },
  {
    name: 'invalid',
    when: /is invalid: |typed patch object|not declared in schema|error validating|error parsing|unknown field/,
    code: 'REFUSED',
    status: 422,
    cause: 'the API server does not accept the object',
    hint: "compare it with the message; a cluster's version may be too old for it",
  },
  {
    name: 'unknown',
    when: otherwise,
    code: 'REFUSED',
    hint: then('see whether this works: ', 'get namespaces'),
  },
]

/** @param doing what could not be done, such as `list pods` */
export function kubectlError(doing: string, facts: KubectlFacts): IamRaError {
  const { rule, cause, hint } = explain(KUBECTL_RULES, facts)
  const later = rule.code === 'THROTTLED' || rule.code === 'UNAVAILABLE' || rule.code === 'TIMEOUT'
  const said = saidBy(facts.text)
  const reason = cause === '' ? '' : `: ${cause}`
  return new IamRaError(rule.code, 'cluster', `cannot ${doing}${reason}`, {
    hint,
    said,
    problems: said.map((line) => `kubectl: ${line}`),
    retryable: later,
    status: rule.status,
  })
}

/** A line of klog: https://pkg.go.dev/k8s.io/klog/v2#hdr-Log_format */
const LOG_LINE = /^[IWEF]\d{4} \d\d:\d\d:\d\d/
/** kubectl's advice is for its own users, and a comparison of two pods fills a screen. */
const NOT_OURS = /; if you choose to ignore these errors.*|^See '?kubectl .*/
const REST = /\n\s*\n|\nPlease review the fields above|\n@@ /

/** Its last words: without its log, its warnings and its advice. */
function saidBy(text: string): string[] {
  const [first = ''] = text.split(REST)
  const lines = first.split('\n').filter((line) => !LOG_LINE.test(line) && !line.startsWith('Warning: '))
  return foreignTexts(lines.map((line) => line.replace(NOT_OURS, '')))
}

/** Which verb on which resource, as the API server names them. */
function denied(text: string): string {
  const { verb, resource, where } = deniedParts(text)
  return foreignText(`${verb} ${resource}${where === '' ? '' : ` in namespace ${where}`}`)
}

function canI(text: string): string {
  const { verb, resource } = deniedParts(text)
  return foreignText(`${verb} ${resource}`)
}

/** As kubectl takes it: `pod NAME`. */
function invalidName(text: string): string {
  const [, kind = 'pod', name = 'NAME'] = /The (\w+) "([^"]+)" is invalid/.exec(text) ?? []
  return `${kind.toLowerCase()} ${name}`
}

function deniedParts(text: string): { verb: string; resource: string; where: string } {
  const [, verb = 'this', resource = '', group = '', where = ''] =
    /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(text) ?? []
  return { verb, resource: group === '' ? resource : `${resource}.${group}`, where }
}
