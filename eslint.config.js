import tseslint from 'typescript-eslint'

const ALL_EXPORTS = { selector: 'ExportAllDeclaration', message: 'name what is exported' }
const SENTENCE =
  ':matches(MemberExpression[property.name=/^(?:message|hint)$/], Identifier[name=/^(?:message|hint)$/])'
const FROM_SENTENCES = {
  selector: [
    `CallExpression[callee.property.name=/^(?:test|exec)$/] > ${SENTENCE}.arguments`,
    `MemberExpression[property.name=/^(?:includes|startsWith|endsWith|match|search|indexOf|slice|split)$/] > ${SENTENCE}.object`,
  ].join(', '),
  message: 'a sentence is for people: decide by a member (code, reason, status, said)',
}

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '.cache/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'Bun sends it through HTTP_PROXY, the login JWT included: use src/net/http.ts',
        },
      ],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
      'no-restricted-syntax': ['error', ALL_EXPORTS],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Interfaces of functions are passed around here; none of them has a this.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-syntax': ['error', ALL_EXPORTS, FROM_SENTENCES],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'only runtime.ts hands the environment in' },
      ],
    },
  },
  { files: ['src/run/runtime.ts', 'src/aws-iam-ra.ts'], rules: { 'no-restricted-properties': 'off' } },
  // What they read is said by Node's own parsers, which have no other member for it.
  {
    files: ['src/onboarding/vault/arguments.ts', 'src/onboarding/vault/setup.ts'],
    rules: { 'no-restricted-syntax': ['error', ALL_EXPORTS] },
  },
  { files: ['test/**'], rules: { '@typescript-eslint/require-await': 'off' } },
  {
    files: ['eslint.config.js'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-exports': 'off' },
  },
)
