// Owns what the processes of the suite `wire` say to each other over IPC.

/** A server stands. */
export interface ServerReady {
  port: number;
  url: string;
  /** '' for the raw echo. */
  token: string;
}

/** A server's answer to any message: microseconds of CPU that its process has used, all threads. */
export interface ServerUsage {
  cpuUs: number;
}

/** A method as HELLO names it, as JSON can carry it. */
export interface MethodName {
  name: string;
  fingerprint: string;
  text: string;
}

interface Common {
  port: number;
  token: string;
  ms: number;
  /** Milliseconds of the same load before the clock starts. */
  warmMs: number;
}

/** Prebuilt frames over one WebSocket. */
export interface PrebuiltOrder extends Common {
  kind: 'prebuilt';
  /** null: the raw echo, which is not greeted. */
  method: MethodName | null;
  framesPerMessage: number;
  messagesInFlight: number;
}

/** The generated client: loops that each await their call. */
export interface ClientOrder extends Common {
  kind: 'client';
  client: string;
  url: string;
  callsInFlight: number;
}

export type LoadOrder = PrebuiltOrder | ClientOrder;

export interface LoadReply {
  /** Calls answered while the clock ran. */
  calls: number;
  /** Calls answered in all: what the server's CPU went into. */
  allCalls: number;
  callsPerSecond: number;
  /** Microseconds; with one call in flight only, else 0. */
  p50: number;
}
