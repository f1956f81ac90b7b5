export interface Addresses {
  url: string;
  socketUrl: string;
  token: () => string;
}
export interface Event {
  readonly id: string;
  readonly kind: string;
  readonly cursor: string;
  readonly occurredAt: string;
}
export interface Told {
  queue(first: number): Promise<readonly unknown[]>;
  refresh(caseId: string): Promise<readonly unknown[]>;
  listen(caseIds: string[], show: (event: Event) => void): (() => unknown) | Promise<() => unknown>;
  shown(caseId: string): string | undefined;
  closes?: number[];
}
export function story(name: string, connect: (addresses: Addresses) => Told): Promise<void>;
