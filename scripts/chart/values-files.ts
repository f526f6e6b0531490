/** What tells of the values: values.yaml, its schema, and the table in the chart's README. */
import { stringify } from 'yaml'
import { between, markdownTable } from '../generated.ts'
import { AGENT_SETTINGS, DEFAULT_ROLE_SETTINGS, OTHERS, SETTINGS, type Schema, type Value } from './values.ts'

const WIDTH = 118
/** What differs from `settings` by default. */
const NESTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'defaultRole.settings': DEFAULT_ROLE_SETTINGS,
  'agent.settings': {},
}
/** Names of roles that a ConfigMap can have in a key. */
const PROFILE_OF_ROLE = '^profile-arn\\.[A-Za-z0-9._-]{1,64}$'

export function valuesFile(): string {
  const parts = [
    `# Written by scripts/chart.ts. README.md has the same as a table.\n`,
    `# Keys of the ConfigMap that the policies read; docs/injection.md has more on each.\nsettings:`,
    ...Object.entries(SETTINGS).map(([key, value]) => entry(key, value)),
    '\nimage:',
    ...Object.entries(OTHERS).map(([path, value]) => {
      const [group, key] = path.split('.')
      if (key === undefined) return `\n${entry(path, value, '')}`
      const heading = key === 'enabled' ? `\n${group ?? ''}:\n` : ''
      return heading + (NESTED[path] ? nestedSettings(value, NESTED[path]) : entry(key, value))
    }),
  ]
  return parts.join('\n')
}

function entry(key: string, { meaning, fallback, example }: Value, indent = '  '): string {
  const line =
    fallback === undefined
      ? `# ${key}: ${example ?? ''}`
      : stringify({ [key]: fallback }, { singleQuote: true }).trim()
  return `${comment(meaning, indent)}\n${indent}${line}`
}

function nestedSettings({ meaning }: Value, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `\n    ${key}: ${value}`)
  return `${comment(meaning, '  ')}\n  settings:${lines.join('') || ' {}'}`
}

function comment(text: string, indent: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + indent.length + 3 > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.map((line) => `${indent}# ${line}`).join('\n')
}

/** A misspelt value is refused at every level. */
export function schema(): Schema {
  const { 'profile-arn.ROLE': profileOfRole, ...settings } = SETTINGS
  const groups = Map.groupBy(Object.entries(OTHERS), ([path]) =>
    path.includes('.') ? path.split('.')[0] : '',
  )
  const nested = [...groups].filter(([group]) => group !== '')
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart iam-ra',
    ...withAll({
      settings: {
        description: 'Keys of the ConfigMap that the policies read.',
        $ref: '#/definitions/settings',
      },
      ...Object.fromEntries(
        nested.map(([group = '', values]) => [
          group,
          withAll(described(values.map(([path, value]) => [path.slice(group.length + 1), value]))),
        ]),
      ),
      ...described(groups.get('') ?? []),
      global: { description: 'What Helm gives every dependency of another chart. Not used.' },
    }),
    definitions: {
      settings: {
        ...closed(described(Object.entries(settings))),
        patternProperties: profileOfRole && { [PROFILE_OF_ROLE]: property(profileOfRole) },
      },
      agentSettings: closed(
        Object.fromEntries(
          AGENT_SETTINGS.map((name) => [name, { $ref: `#/definitions/settings/properties/${name}` }]),
        ),
      ),
    },
  }
}

/** What values.yaml has is only missing if a null has removed it. */
function withAll(properties: Schema): Schema {
  return { ...closed(properties), required: Object.keys(properties).filter((name) => name !== 'global') }
}

function closed(properties: Schema): Schema {
  return { type: 'object', additionalProperties: false, properties }
}

function described(values: readonly (readonly [name: string, value: Value])[]): Schema {
  return Object.fromEntries(values.map(([name, value]) => [name, property(value)]))
}

function property({ meaning, schema: own, fallback }: Value): Schema {
  return { description: meaning, ...(fallback === undefined ? {} : { default: fallback }), ...own }
}

/** The README with its table. */
export function withValues(page: string): string {
  const rows = [
    ...Object.entries(SETTINGS).map(([key, value]) => row(`settings.${key}`, value)),
    ...Object.entries(OTHERS).map(([path, value]) => row(path, value)),
  ]
  return between(page, 'values', `\n${markdownTable(['value', 'default', 'meaning'], rows)}\n`)
}

function row(path: string, { meaning, fallback, schema: own }: Value): readonly string[] {
  const choices = (own['enum'] as readonly unknown[] | undefined)?.filter(
    (one) => one !== 'true' && one !== 'false',
  )
  const shown =
    NESTED[path] !== undefined
      ? Object.entries(NESTED[path])
          .map(([key, value]) => `\`${key}: ${value}\``)
          .join()
      : fallback === undefined || fallback === ''
        ? ''
        : `\`${String(fallback)}\``
  const said =
    choices === undefined ? '' : ` One of ${choices.map((one) => `\`${String(one)}\``).join(', ')}.`
  return [`\`${path}\``, shown, meaning + said]
}
