/** `iam-ra k8s`. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { ListFlags } from '../k8s/list.ts'
import type { MigrateFlags } from '../k8s/migrate.ts'
import type { OffboardFlags } from '../k8s/offboard.ts'
import type { OnboardFlags } from '../k8s/onboard.ts'
import type { SetupFlags } from '../k8s/setup.ts'
import type { TeardownFlags } from '../k8s/teardown.ts'
import {
  ACCOUNT_ALIASES,
  ACCOUNT_FLAGS,
  asIs,
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  choiceFlag,
  CONTEXT_FLAGS,
  from,
  JSON_FLAG,
  listFlag,
  named,
  switchFlag,
  valueFlag,
  type LineContext,
} from '../route.ts'

const CLUSTER_FLAG = valueFlag('CLUSTER', 'the cluster (default: the only one of the installation)')

const setup = buildCommand<SetupFlags, [string], LineContext>({
  loader: from(async () => (await import('../k8s/setup.ts')).setup),
  parameters: {
    positional: named('CLUSTER', "the cluster's name, which becomes part of each certificate"),
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES, k: 'k8s-namespace' },
    flags: {
      'k8s-namespace': valueFlag(
        'NAMESPACE',
        "the namespace of the cluster's own objects (default: default)",
      ),
      'vault-address': valueFlag('URL', "Vault's address as pods reach it (default: VAULT_ADDR)"),
      reviewer: choiceFlag(
        ['vault', 'token'],
        "who asks the cluster about a pod's token (default: vault, if Vault's address ends in .svc, else token)",
      ),
      'replace-reviewer-token': switchFlag('give Vault a new token for that, before the one it has expires'),
      'api-server': valueFlag('URL', "the API server's address as Vault reaches it (default: the context's)"),
      'api-ca': valueFlag('FILE', "the API server's CA (default: the context's)"),
      'root-mount': valueFlag(
        'MOUNT',
        "the PKI mount with the root that signs the cluster's CA (default: pki-root)",
      ),
      setup: valueFlag('FILE', 'names and lifetimes in Vault, as in k8s/vault/setup.json'),
      apply: switchFlag('apply the objects to the cluster instead of printing them'),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: "set up a cluster: Vault signs its pods' certificates from then on",
    fullDescription: `Sets up a cluster: Vault signs its pods' certificates from then on. Prints the cluster's objects for kubectl apply.

In Vault it creates an auth method for the cluster's service accounts, a CA below the root, and a role that signs each
account's own name only. If Vault runs outside the cluster, it needs the token of an account that may review tokens:
iam-ra requests it once the printed objects are applied, at the next k8s setup or k8s onboard.`,
    customUsage: ['CLUSTER [flags] | kubectl apply -f -', 'CLUSTER --apply [flags]'],
  },
})

const onboard = buildCommand<OnboardFlags, [string], LineContext>({
  loader: from(async () => (await import('../k8s/onboard.ts')).onboard),
  parameters: {
    positional: named('WORKLOAD', "the workload's name, which its objects begin with"),
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES, c: 'cluster', k: 'k8s-namespace', R: 'role' },
    flags: {
      role: valueFlag('ROLE', "the role of iam-ra role create (default: the one with the workload's name)"),
      cluster: CLUSTER_FLAG,
      'k8s-namespace': valueFlag('NAMESPACE', 'its namespace (default: default)'),
      'service-account': valueFlag('NAME', "its service account (default: the workload's name)"),
      mode: choiceFlag(
        ['init', 'renew', 'serve', 'imds'],
        'how the sample gets its credentials (default: serve)',
      ),
      sample: choiceFlag(['pod', 'deployment', 'job', 'none'], 'the kind of the sample (default: pod)'),
      'no-sample-pod': switchFlag('the same as --sample none'),
      image: valueFlag('REF', 'the image of aws-iam-ra (default: IAM_RA_IMAGE)'),
      'duration-hours': valueFlag('HOURS', "the certificate's lifetime (default: as Vault's role has it)"),
      arns: choiceFlag(
        ['configmap', 'operator'],
        'how the ARNs reach the pod: printed, or from Vault by the Vault Secrets Operator (default: configmap)',
      ),
      'settle-others': switchFlag("also let in workloads that only the role's tags name"),
      apply: switchFlag('apply the objects to the cluster instead of printing them'),
      wait: {
        ...{ kind: 'parsed', optional: true, inferEmpty: true, placeholder: 'DURATION' },
        parse: (input: string) => input,
        brief: 'with --apply: wait until the sample has credentials, such as 30s or 5m (default: 2m)',
      },
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: 'give a workload a role, and print its objects with a sample',
    fullDescription: `Gives a workload a role, and prints its objects for kubectl apply, with a sample that shows its identity.

The role's trust policy names the workload's certificate: account.namespace.cluster. Onboarding it again with another
role moves it.`,
    customUsage: ['WORKLOAD --role ROLE [flags] | kubectl apply -f -', 'WORKLOAD --role ROLE --apply --wait'],
  },
})

const list = buildCommand<ListFlags, [], LineContext>({
  loader: from(async () => (await import('../k8s/list.ts')).list),
  parameters: {
    aliases: { ...ACCOUNT_ALIASES, c: 'cluster' },
    flags: {
      cluster: valueFlag('CLUSTER', 'only this one'),
      'exit-code': switchFlag('exit with 8 if anything does not fit'),
      'no-cluster': switchFlag('do not ask the cluster'),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: { brief: 'list the workloads, and whether AWS, Vault and the cluster agree on them' },
})

const offboard = buildCommand<OffboardFlags, [string], LineContext>({
  loader: from(async () => (await import('../k8s/offboard.ts')).offboard),
  parameters: {
    positional: named('WORKLOAD', "the workload's name"),
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES, c: 'cluster', k: 'k8s-namespace' },
    flags: {
      cluster: valueFlag('CLUSTER', 'its cluster, if the name is not the only one'),
      'k8s-namespace': valueFlag('NAMESPACE', 'its namespace, if the name is not the only one'),
      apply: switchFlag('delete its objects too, instead of printing the commands'),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: "take a workload's role away, and print how to delete its objects",
    fullDescription: `Takes a workload's role away, and prints how to delete its objects.

AWS refuses its certificate from then on. Sessions that it already has remain valid until they expire.`,
  },
})

const teardown = buildCommand<TeardownFlags, [string], LineContext>({
  loader: from(async () => (await import('../k8s/teardown.ts')).teardown),
  parameters: {
    positional: named('CLUSTER', "the cluster's name"),
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES },
    flags: {
      apply: switchFlag('delete its objects too, instead of printing the commands'),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: { brief: 'remove a cluster that has no workloads left, and print how to delete its objects' },
})

const migrate = buildCommand<MigrateFlags, [string], LineContext>({
  loader: from(async () => (await import('../k8s/migrate.ts')).migrate),
  parameters: {
    positional: named('CLUSTER', "the cluster's name"),
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES, k: 'k8s-namespace' },
    flags: {
      'k8s-namespace': listFlag('NAMESPACE', 'only this namespace; may be repeated (default: all)', asIs),
      'base-role-arn': valueFlag(
        'ARN',
        "what comes before a role's name (default: of the settings, of kiam or kube2iam, or this account's)",
      ),
      'default-role': valueFlag('ROLE', "kube2iam's default role (default: of the settings, or of kube2iam)"),
      'namespace-rules': choiceFlag(
        ['kiam', 'kube2iam', 'kiam,kube2iam', 'none'],
        'which annotation of a namespace counts (default: of the settings, or of what runs)',
      ),
      image: valueFlag('REF', 'the image of aws-iam-ra for the settings (default: IAM_RA_IMAGE)'),
      print: choiceFlag(['settings'], 'print only the ConfigMap of k8s/injection, with what is known here'),
      apply: switchFlag(
        "do iam-ra's own part for the named namespaces: Vault, and roles of the installation",
      ),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
      yes: CHANGE_FLAGS.yes,
      'dry-run': switchFlag('with --apply: only show what would change'),
      'exit-code': switchFlag('exit with 8 if there is anything left to do'),
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: 'print what moves a cluster from kiam or kube2iam, namespace by namespace',
    fullDescription: `Prints what moves a cluster from kiam or kube2iam to the policies of k8s/injection, namespace by namespace.

It reads the annotations of namespaces and pods, the roles that they ask for, their profiles, and what Vault admits. The
plan has what is missing, each with its command, and what cannot be kept. Nothing is changed without --apply.

With --apply it shows its own part of the plan, asks, and does that: it admits the accounts in Vault, and binds them to
roles that iam-ra created. For other roles it prints the commands for their owner, which keep all statements of the trust
policy. kiam and kube2iam keep working in every namespace.`,
    customUsage: [
      'CLUSTER [--k8s-namespace NAMESPACE]...',
      'CLUSTER --k8s-namespace NAMESPACE --apply',
      'CLUSTER --print settings | kubectl apply -f -',
    ],
  },
})

export const k8s = buildRouteMap({
  routes: { setup, onboard, list, offboard, teardown, migrate },
  docs: { brief: 'set up clusters, and give their workloads roles' },
})
