export interface Demo {
  graphql: string;
  websocket: string;
  simulator_control: string;
  admin: string;
  tokens: Record<'caseworker' | 'supervisor' | 'integration' | 'operator', string>;
}
export const demo: Demo;
export function token(seconds?: number, ...scopes: string[]): string;
export function ask(query: string, variables?: object): Promise<Record<string, any>>;
export function control(method: string, where: string, body?: unknown): Promise<void>;
export function freshCases(count: number): Promise<{ id: string; number: string }[]>;
export function refresh(caseId: string): Promise<void>;
export function settles(caseId: string, status: string): Promise<void>;
export function assertWhole(
  received: readonly { id: string; kind: string; cursor: string }[],
  caseIds: string[],
): Promise<void>;
export function until(what: string | (() => string), holds: () => boolean | Promise<boolean>, seconds?: number): Promise<void>;
