/**
 * What kubectl said when it failed, each recorded with kubectl 1.32 and kube-apiserver 1.36.3 in the way that `source`
 * says, and the rule that is to know it.
 */

export interface RecordedRefusal {
  readonly rule: string
  readonly source: string
  readonly text: string
  /** Why it was killed, or the system's code if it could not be started. */
  readonly ended?: string
  /** What the error must say besides the rule's own words. */
  readonly says?: RegExp
  readonly hints?: RegExp
}

const LOG =
  'E1130 18:33:05.185088    5359 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: '

export const REFUSALS: readonly RecordedRefusal[] = [
  { rule: 'missing', source: 'a PATH without it', text: '', ended: 'ENOENT' },
  { rule: 'missing', source: 'a file that is no program', text: '', ended: 'EACCES' },
  { rule: 'hangs', source: 'a credential plug-in that sleeps', text: '', ended: 'timeout' },
  { rule: 'floods', source: 'the limit of src/run/program.ts', text: '', ended: 'output' },
  { rule: 'cannot-start', source: 'execve(2)', text: '', ended: 'E2BIG', says: /\(E2BIG\)/ },
  {
    rule: 'too-old',
    source: 'a flag that it does not have',
    text: "Error: unknown flag: --audience\nSee 'kubectl create --help' for usage.",
  },
  {
    rule: 'too-old',
    source: 'a subcommand of create that it does not have',
    text: "error: Unexpected args: [tokens x]\nSee 'kubectl create -h' for help and examples",
  },
  {
    rule: 'no-context',
    source: 'no kubeconfig, get',
    text: `${LOG}Get \\"http://localhost:8080/api?timeout=5s\\": dial tcp 127.0.0.1:8080: connect: connection refused"
The connection to the server localhost:8080 was refused - did you specify the right host or port?`,
  },
  {
    rule: 'no-context',
    source: 'no kubeconfig, config view --minify',
    text: 'error: current-context must exist in order to minify',
  },
  {
    rule: 'kubeconfig-missing',
    source: '--kubeconfig of a file that does not exist',
    text: 'error: stat /home/operator/none: no such file or directory',
  },
  {
    rule: 'context',
    source: '--context, get',
    text: 'Error in configuration: context was not found for specified context: wat',
  },
  { rule: 'context', source: '--context, config view', text: 'error: cannot locate context wat' },
  {
    rule: 'plugin-missing',
    source: 'a plug-in that is not installed',
    text: `Unable to connect to the server: getting credentials: exec: executable no-such-plugin not found

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`,
    says: /its credential plugin no-such-plugin is missing/,
  },
  {
    rule: 'plugin-failing',
    source: 'a plug-in that exits with 255',
    text: `Token has expired and refresh failed
Token has expired and refresh failed
Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255`,
    says: /its credential plugin aws failed/,
  },
  {
    rule: 'plugin-unfit',
    source: 'a plug-in that prints something else',
    text: "Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value",
  },
  {
    rule: 'plugin-unfit',
    source: 'a kubeconfig as old as aws-cli 1.20',
    text: 'error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"',
  },
  {
    rule: 'kubeconfig-broken',
    source: 'no YAML',
    text: 'error: error loading config file "/home/operator/bad": yaml: line 1: did not find expected node content',
  },
  {
    rule: 'kubeconfig-broken',
    source: 'a client certificate that does not exist',
    text: `Error in configuration: ${''}
* unable to read client-cert /nope.crt for u due to open /nope.crt: no such file or directory`,
  },
  {
    rule: 'no-credentials',
    source: 'a user without any, stdout and stderr',
    text: 'Please enter Username: \nerror: EOF',
  },
  {
    rule: 'unauthorized',
    source: 'a garbage token, get',
    text: 'error: You must be logged in to the server (Unauthorized)',
  },
  {
    rule: 'unauthorized',
    source: 'a garbage token, apply',
    text: 'error: error validating "STDIN": error validating data: failed to download openapi: the server has asked for the client to provide credentials; if you choose to ignore these errors, turn validation off with --validate=false',
  },
  {
    rule: 'quota',
    source: 'a ResourceQuota of no ConfigMaps',
    text: 'Error from server (Forbidden): configmaps "a" is forbidden: exceeded quota: none, requested: count/configmaps=1, used: count/configmaps=0, limited: count/configmaps=0',
  },
  {
    rule: 'terminating',
    source: 'a namespace that is being deleted',
    text: 'Error from server (Forbidden): configmaps "a" is forbidden: unable to create new content in namespace restr because it is being terminated',
  },
  {
    rule: 'pod-security',
    source: 'a pod without a security context in a restricted namespace',
    text: 'Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
  },
  {
    rule: 'forbidden',
    source: 'an account without a role, get',
    text: 'Error from server (Forbidden): configmaps "a" is forbidden: User "system:serviceaccount:limited:who" cannot get resource "configmaps" in API group "" in the namespace "default"',
    says: /get configmaps in namespace default is not allowed/,
    hints: /kubectl --namespace=ns auth can-i get configmaps$/,
  },
  {
    rule: 'forbidden',
    source: 'an account without a role, get of all namespaces',
    text: 'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:limited:who" cannot list resource "pods" in API group "" at the cluster scope',
    says: /list pods is not allowed/,
  },
  {
    rule: 'forbidden',
    source: 'an account without a role, apply of a ClusterRoleBinding',
    text: 'Error from server (Forbidden): clusterrolebindings.rbac.authorization.k8s.io "x" is forbidden: User "system:serviceaccount:limited:who" cannot patch resource "clusterrolebindings" in API group "rbac.authorization.k8s.io" at the cluster scope',
    says: /patch clusterrolebindings\.rbac\.authorization\.k8s\.io is not allowed/,
  },
  {
    rule: 'forbidden',
    source: 'an account without a role, create token',
    text: 'error: failed to create token: serviceaccounts "who" is forbidden: User "system:serviceaccount:limited:who" cannot create resource "serviceaccounts/token" in API group "" in the namespace "limited"',
    says: /create serviceaccounts\/token in namespace limited is not allowed/,
  },
  {
    rule: 'admission',
    source: 'a ValidatingAdmissionPolicy',
    text: "The configmaps \"bad\" is invalid: : ValidatingAdmissionPolicy 'no-config' with binding 'no-config' denied request: no such name here",
  },
  {
    rule: 'webhook',
    source: 'a validating webhook on a dead port',
    text: 'Error from server (InternalError): Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=1s": dial tcp 127.0.0.1:1: connect: connection refused',
    says: /the webhook w\.example\.com of the cluster does not answer/,
  },
  {
    rule: 'certificate-time',
    source: 'a server whose certificate has expired',
    text: 'Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-30T18:49:01Z is after 2026-11-29T20:35:40Z',
  },
  {
    rule: 'certificate-name',
    source: 'tls-server-name of another server',
    text: 'Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for kubernetes.default.svc, kubernetes.default, kubernetes, not wat.example',
  },
  {
    rule: 'certificate-authority',
    source: 'the CA of another cluster',
    text: 'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
  },
  {
    rule: 'scheme',
    source: 'https to a plain server',
    text: 'Unable to connect to the server: http: server gave HTTP response to HTTPS client',
  },
  {
    rule: 'scheme',
    source: 'http to the API server',
    text: 'Error from server (BadRequest): the server rejected our request for an unknown reason',
  },
  {
    rule: 'scheme',
    source: 'https to a mail server',
    text: 'Unable to connect to the server: tls: first record does not look like a TLS handshake',
  },
  {
    rule: 'tls',
    source: 'a server with TLS 1.1',
    text: 'Unable to connect to the server: remote error: tls: protocol version not supported',
  },
  {
    rule: 'tls',
    source: 'a client certificate that is no PEM',
    text: 'error: tls: failed to find any PEM data in certificate input',
  },
  {
    rule: 'proxy',
    source: 'HTTPS_PROXY of a dead port',
    text: `${LOG}Get \\"https://k8s.example:6443/api?timeout=2s\\": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused"
The connection to the server k8s.example:6443 was refused - did you specify the right host or port?`,
  },
  {
    rule: 'host',
    source: 'a name that does not exist',
    text: 'Unable to connect to the server: dial tcp: lookup no-such-host.invalid on 10.255.255.53:53: no such host',
  },
  {
    rule: 'unreachable',
    source: 'a dead port, get',
    text: 'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
  },
  {
    rule: 'unreachable',
    source: 'a dead port, apply',
    text: 'error: error validating "STDIN": error validating data: failed to download openapi: Get "https://127.0.0.1:1/openapi/v2?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused; if you choose to ignore these errors, turn validation off with --validate=false',
  },
  {
    rule: 'unreachable',
    source: 'a server that closes each connection',
    text: 'error: client rate limiter Wait returned an error: context deadline exceeded - error from a previous attempt: EOF',
  },
  {
    rule: 'timeout',
    source: 'a server that says nothing',
    text: 'Unable to connect to the server: context deadline exceeded',
  },
  {
    rule: 'timeout',
    source: 'the same, once connected',
    text: 'Unable to connect to the server: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  },
  {
    rule: 'stranger',
    source: 'a server that answers 200 with a page',
    text: "error: invalid character '<' looking for beginning of value",
  },
  {
    rule: 'throttled',
    source: 'a server that answers 429',
    text: 'Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later',
  },
  {
    rule: 'unavailable',
    source: 'a server that answers 503 with a page',
    text: 'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
  },
  {
    rule: 'namespace',
    source: 'apply into one that does not exist',
    text: 'Error from server (NotFound): namespaces "nope" not found',
    says: /there is no namespace nope/,
    hints: /kubectl --namespace=ns create namespace nope/,
  },
  {
    rule: 'namespace',
    source: 'create token in one that does not exist',
    text: 'error: failed to create token: namespaces "nope" not found',
  },
  {
    rule: 'kind',
    source: 'get without the definition',
    text: 'error: the server doesn\'t have a resource type "vaultauth"',
  },
  {
    rule: 'kind',
    source: 'apply without the definition',
    text: `error: resource mapping not found for name: "a" namespace: "default" from "STDIN": no matches for kind "VaultAuth" in version "secrets.hashicorp.com/v1beta1"
ensure CRDs are installed first`,
  },
  {
    rule: 'absent',
    source: 'create token of an account that does not exist',
    text: 'error: failed to create token: serviceaccounts "nobody" not found',
  },
  {
    rule: 'immutable',
    source: 'apply of a pod with other arguments',
    text: `The Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than \`spec.containers[*].image\`,\`spec.initContainers[*].image\`
@@ -6,7 +6,9 @@
    "Name": "a",
-   "Args": null,
+   "Args": [
`,
    hints: /: kubectl --namespace=ns delete pod p$/,
  },
  {
    rule: 'immutable',
    source: 'apply of a Job with another image',
    text: 'The Job "p" is invalid: spec.template: Invalid value: {"labels":{"job-name":"p"}}: field is immutable',
    hints: /: kubectl --namespace=ns delete job p$/,
  },
  {
    rule: 'immutable',
    source: 'apply of a ClusterRoleBinding with another role',
    text: 'The ClusterRoleBinding "x" is invalid: roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef',
  },
  {
    rule: 'conflict',
    source: 'server-side apply after kubectl apply',
    text: `error: Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.`,
    says: /kubectl-client-side-apply manages a part of it/,
  },
  {
    rule: 'conflict',
    source: 'the same of a pod',
    text: `error: Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using v1:
- .spec.containers[name="app"].resources.limits.memory
- .spec.initContainers[name="aws-iam-ra"].env[name="POD_NAMESPACE"].valueFrom.fieldRef
Please review the fields above--they currently have other managers. Here`,
    says: /kubectl-client-side-apply manages a part of it/,
  },
  {
    rule: 'invalid',
    source: 'a name that is none',
    text: 'The ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
  },
  {
    rule: 'invalid',
    source: 'a field that does not exist',
    text: 'Error from server: failed to create typed patch object (default/a; /v1, Kind=ConfigMap): .dota: field not declared in schema',
  },
  {
    rule: 'unknown',
    source: 'apply with a namespace that is not that of the object',
    text: 'error: the namespace from the provided object "default" does not match the namespace "x". You must pass \'--namespace=default\' to perform this operation.',
  },
]
