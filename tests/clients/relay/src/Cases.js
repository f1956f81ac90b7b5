// What this portal asks. `relay-compiler` writes the artefacts; names begin with the file's.
const { graphql } = require('relay-runtime');

const Queue = graphql`
  query CasesQueueQuery($first: Int!, $after: String, $filter: CaseFilter) {
    cases(first: $first, after: $after, filter: $filter, sort: [{ field: DUE_ON }])
      @connection(key: "Cases_cases", filters: ["filter"]) {
      edges { node { id number status version dueOn isOverdue client { displayName } } }
    }
  }
`;

const Case = graphql`
  query CasesCaseQuery($id: ID!) {
    case(by: { id: $id }) { id number status nextAction version ...Cases_lineage }
  }
`;

// Refetched by itself, through `node`, when an order has been added.
const Lineage = graphql`
  fragment Cases_lineage on Case @refetchable(queryName: "CasesLineageRefetchQuery") {
    lineage {
      refreshCount
      entries { depth isOnActivePath order { id kind status parent { id } } }
    }
  }
`;

const Refresh = graphql`
  mutation CasesRefreshMutation($input: CreateRefreshOrderInput!) {
    createRefreshOrder(input: $input) {
      case { id status version }
      userErrors { __typename ... on UserError { message } }
    }
  }
`;

// Name the root field `caseEvents` and select `cursor`: environment.js resumes by it.
const Events = graphql`
  subscription CasesEventsSubscription($filter: CaseEventFilter, $after: String) {
    caseEvents(filter: $filter, after: $after) {
      id
      cursor
      kind
      occurredAt
      case { id status nextAction version }
    }
  }
`;

module.exports = { Queue, Case, Lineage, Refresh, Events };
