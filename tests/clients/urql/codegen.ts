import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../../schema/schema.graphql',
  emitLegacyCommonJSImports: false,
  documents: 'src/**/*.ts',
  generates: {
    './src/gql/': {
      preset: 'client',
      config: {
        // Every scalar is named: one that is forgotten fails here instead of becoming `any`.
        strictScalars: true,
        scalars: { Date: 'string', DateTime: 'string', Decimal: 'string', URL: 'string' },
        useTypeImports: true,
        enumsAsTypes: true,
      },
      presetConfig: { fragmentMasking: false },
    },
  },
};

export default config;
