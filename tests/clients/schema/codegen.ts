// The documents that the gateway's own tests and its portal send, typed as a front end would have them.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../../schema/schema.graphql',
  documents: ['../../../schema/operations/*.graphql', '../../../src/portal/operations/*.graphql'],
  emitLegacyCommonJSImports: false,
  generates: {
    './out/': {
      preset: 'client',
      config: {
        strictScalars: true,
        scalars: { Date: 'string', DateTime: 'string', Decimal: 'string', URL: 'string' },
        useTypeImports: true,
      },
    },
  },
};

export default config;
