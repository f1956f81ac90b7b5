// The rules that schema/schema.graphql keeps: both sets whole, but for what is said here.
import { fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';

const schema = fileURLToPath(new URL('../../../schema/schema.graphql', import.meta.url));
const { configs, parser } = graphql;

export default [
  {
    files: ['schema/*.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema } } },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      // Payloads, pages, errors and parts of a thing (an allowance, a failure, a line of a review) are values and have no
      // identity. What has an `id` is a Node, which ids.test.mjs checks instead.
      '@graphql-eslint/strict-id-in-types': 'off',
      '@graphql-eslint/relay-edge-types': [
        'error',
        {
          withEdgeSuffix: true,
          // Connections also list their `nodes`, and a list that cannot grow (`employerLinks`, `userErrors`) is no page.
          listTypeCanWrapOnlyEdgeType: false,
          // A line of a journal (`Delivery`) is read in pages and never fetched again by itself.
          shouldImplementNode: false,
        },
      ],
    },
  },
];
