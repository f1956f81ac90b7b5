export class Switch {
  constructor(url: string);
  start(): Promise<this>;
  through(url: string): string;
  leadTo(url: string): void;
  get connections(): number;
  cut(options?: { closed?: boolean }): void;
  admit(): void;
  stop(): Promise<void>;
}
