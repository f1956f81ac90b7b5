// What this portal asks. The client preset types each document; `npm run codegen` after a change.
import { graphql } from './gql/gql.js';

export const Queue = graphql(/* GraphQL */ `
  query Queue($first: Int!, $filter: CaseFilter) {
    cases(first: $first, filter: $filter, sort: [{ field: DUE_ON }]) {
      totalCount
      nodes { id number status version dueOn isOverdue client { id displayName } }
    }
  }
`);

export const RefreshCase = graphql(/* GraphQL */ `
  mutation RefreshCase($input: CreateRefreshOrderInput!) {
    createRefreshOrder(input: $input) {
      case { id status version }
      userErrors { __typename ... on UserError { message } ... on RefreshLimitError { nextAvailableAt } }
    }
  }
`);

// Name the root field `caseEvents` and select `cursor`: portal.ts resumes by it.
export const CaseEvents = graphql(/* GraphQL */ `
  subscription CaseEvents($filter: CaseEventFilter, $after: String) {
    caseEvents(filter: $filter, after: $after) {
      id cursor kind occurredAt
      case { id status nextAction version }
    }
  }
`);
