/** cfn-lint, AWS's own check of templates, beside the Python packages of the other clients. */
import { join } from 'node:path'
import { runChild } from '../../rig/processes/child.ts'
import { furtherPackages, pythonEnvironment } from '../../rig/processes/python.ts'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
/** Where nobody's template is meant to differ. */
const REGIONS = ['eu-central-1', 'us-east-1']

export interface TemplateCheck {
  /** `E3012 Properties/…: what is wrong`, one for each finding. */
  lint(template: string): Promise<readonly string[]>
  /** The template as JSON: `!Sub a` is `{"Fn::Sub": "a"}`. */
  parse(template: string): Promise<unknown>
}

/** Installs what is missing, with progress on stderr. @throws Error where pip cannot */
export function templateCheck(): TemplateCheck {
  const python = pythonEnvironment()
  const env = { PYTHONPATH: furtherPackages('cfn-lint', REQUIREMENTS) }
  return {
    async lint(template) {
      const flags = ['--format', 'json', '--regions', ...REGIONS, '--template', template]
      const { code, stdout, stderr } = await runChild(python, ['-c', LINT, ...flags], env)
      if (code === null || !stdout.startsWith('[')) throw new Error(`cfn-lint did not run: ${stderr}`)
      const findings = JSON.parse(stdout) as Finding[]
      if (code !== 0 && findings.length === 0) throw new Error(`cfn-lint ended with ${code} and said nothing`)
      return findings.map(({ Rule, Message }) => `${Rule.Id}: ${Message}`)
    },
    async parse(template) {
      const { code, stdout, stderr } = await runChild(python, ['-c', PARSE, template], env)
      if (code !== 0) throw new Error(`${template} cannot be parsed: ${stderr}`)
      return JSON.parse(stdout) as unknown
    },
  }
}

export interface Parameter {
  readonly AllowedPattern?: string
  readonly Default?: number
  readonly MinValue?: number
  readonly MaxValue?: number
}

/** role.yaml, as `parse` gives it. */
export interface RoleTemplate {
  readonly Parameters: Readonly<Record<string, Parameter>>
  readonly Conditions: Readonly<Record<string, unknown>>
  readonly Resources: {
    readonly Role: {
      readonly Properties: {
        readonly AssumeRolePolicyDocument: unknown
        readonly MaxSessionDuration: unknown
      }
    }
    readonly Profile: { readonly Properties: { readonly DurationSeconds: unknown } }
  }
}

interface Finding {
  readonly Rule: { readonly Id: string }
  readonly Message: string
}

const LINT = 'import sys; from cfnlint.runner import main; sys.exit(main())'

const PARSE = `
import json, sys
from cfnlint.decode import decode
print(json.dumps(decode(sys.argv[1])[0]))
`
