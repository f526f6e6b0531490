/** `iam-ra role`. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { CreateFlags } from '../role/create.ts'
import type { DeleteFlags } from '../role/delete.ts'
import type { ListFlags } from '../role/list.ts'
import type { ShowFlags } from '../role/show.ts'
import {
  ACCOUNT_ALIASES,
  ACCOUNT_FLAGS,
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  asIs,
  choiceFlag,
  from,
  JSON_FLAG,
  listFlag,
  named,
  TAG_FLAG,
  valueFlag,
  wholeNumber,
  type LineContext,
} from '../route.ts'

const NAME = named('NAME', 'what you call the role; in IAM it is iam-ra-NAME')

const create = buildCommand<CreateFlags, [string], LineContext>({
  loader: from(async () => (await import('../role/create.ts')).create),
  parameters: {
    positional: NAME,
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES },
    flags: {
      policy: listFlag('ARN', 'a managed policy that the role gets; may be repeated', asIs),
      'inline-policy': listFlag('FILE', 'a policy as JSON, named after the file; may be repeated', asIs),
      'max-session': valueFlag(
        'SECONDS',
        'the longest session that the role allows, 3600 to 43200 (default: 3600)',
        wholeNumber,
      ),
      'session-duration': valueFlag(
        'SECONDS',
        'how long credentials are valid, 900 to 43200 (default: 3600)',
        wholeNumber,
      ),
      'permissions-boundary': valueFlag('ARN', 'the managed policy that limits the role'),
      'iam-role-name': valueFlag('NAME', 'another name for the role in IAM'),
      tag: TAG_FLAG,
      print: choiceFlag(
        ['cloudformation'],
        'print a CloudFormation template for one workload instead, and change nothing',
      ),
      anchor: valueFlag('ARN', "with --print: the trust anchor (default: the installation's)"),
      cluster: valueFlag('CLUSTER', 'with --print: the cluster of the workload'),
      'k8s-namespace': valueFlag('NAMESPACE', 'with --print: its namespace (default: default)'),
      'service-account': valueFlag('ACCOUNT', 'with --print: its service account'),
      issuer: valueFlag(
        'CN',
        'with --print: the CA that signs its certificates (default: Pods of cluster CLUSTER)',
      ),
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: 'create a role that workloads can be bound to',
    fullDescription: `Creates an IAM role with its policies, and a profile of IAM Roles Anywhere for it. Nobody can assume the role
until a workload is bound to it: iam-ra k8s onboard.

Run again, it creates what is missing and changes what the flags name; everything else stays, policies that the flags
do not name included. It also removes names from the trust policy that no tag of the role has.`,
    customUsage: [
      'NAME --policy ARN [flags]',
      'NAME --policy ARN --print cloudformation --cluster CLUSTER --k8s-namespace NAMESPACE --service-account ACCOUNT',
    ],
  },
})

const list = buildCommand<ListFlags, [], LineContext>({
  loader: from(async () => (await import('../role/list.ts')).list),
  parameters: { aliases: ACCOUNT_ALIASES, flags: { ...ACCOUNT_FLAGS, json: JSON_FLAG } },
  docs: {
    brief: 'list the roles',
    fullDescription: 'Lists the roles of the installation, with the number of workloads and what is wrong.',
  },
})

const show = buildCommand<ShowFlags, [string], LineContext>({
  loader: from(async () => (await import('../role/show.ts')).show),
  parameters: {
    positional: NAME,
    aliases: ACCOUNT_ALIASES,
    flags: { ...ACCOUNT_FLAGS, json: JSON_FLAG },
  },
  docs: {
    brief: 'show one role and the workloads that are bound to it',
    fullDescription: `Shows one role: its policies and its profile, the workloads that are bound to it, the certificate names that its
trust policy admits, how many more workloads fit, and what is wrong.`,
  },
})

const remove = buildCommand<DeleteFlags, [string], LineContext>({
  loader: from(async () => (await import('../role/delete.ts')).remove),
  parameters: {
    positional: NAME,
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES },
    flags: { ...ACCOUNT_FLAGS, ...CHANGE_FLAGS },
  },
  docs: {
    brief: 'delete a role that no workload is bound to',
    fullDescription: `Deletes a role that no workload is bound to, with its profile. Managed policies are detached, inline policies deleted.
A role that workloads are bound to is refused, with the commands that unbind them.`,
  },
})

export const role = buildRouteMap({
  routes: { create, list, show, delete: remove },
  docs: { brief: 'create, list, show and delete roles' },
})
