// Owns the words for every REASON_* and CLOSE_* of assembly/shared/reason.ts: what happened and
// what to do. The kernel sends numbers only, so that refusing costs nanoseconds; the words are
// made here.

import * as numbers from '../../assembly/shared/reason.ts';

/** `text` completes "users.get: ...". `fix` says what the one who reads it can do. */
export interface ReasonText {
  text: string;
  fix: string;
}

type ReasonName = keyof typeof numbers;

const TEXTS: Record<ReasonName, ReasonText> = {
  REASON_NONE: { text: 'the cell answered with an error', fix: 'read the message of the cell' },
  REASON_NO_ROUTE: {
    text: 'no loaded cell has this method',
    fix: 'check with `cell doctor` which cells run, and rebuild the client',
  },
  REASON_NO_SESSION: {
    text: 'this method needs an authenticated session',
    fix: 'connect with a token, or mark the method @Auth.public',
  },
  REASON_EXPIRED: {
    text: 'the token of this connection has expired',
    fix: 'pass `token` as a function, so that the client can fetch a new one in time',
  },
  REASON_REVOKED: {
    text: 'the subject of this connection was revoked',
    fix: 'ask the operator; a new token does not help until the old ones have expired',
  },
  REASON_ROLE: {
    text: 'none of the roles that this method accepts is in the token',
    fix: 'ask for a token with one of the roles in @Auth.require',
  },
  REASON_SCOPE: {
    text: 'a scope that this method needs is not in the token',
    fix: 'ask for a token with the scopes in @Auth.require',
  },
  REASON_RATE_ROUTE: {
    text: 'too many calls of this method by this subject',
    fix: 'wait for retryAfterMs',
  },
  REASON_RATE_SESSION: {
    text: 'too many calls by this subject',
    fix: 'wait for retryAfterMs',
  },
  REASON_DEADLINE_QUEUED: {
    text: 'the deadline passed before the cell began',
    fix: 'the host is behind: raise the timeout, add lanes, or send less',
  },
  REASON_DEADLINE_RUNNING: {
    text: 'the deadline passed while the cell was waiting',
    fix: 'raise the timeout, or look at what the cell waits for',
  },
  REASON_CPU: {
    text: 'the call used up its CPU budget and was ended',
    fix: 'look for an endless loop; the budget is limits.cpuMs in cell.config.ts',
  },
  REASON_LANE_LOST: {
    text: 'the lane that served this call was lost; the call may have run',
    fix: 'try again if repeating is safe; a new lane is already up',
  },
  REASON_LANE_FULL: {
    text: "the ring to the cell's lane is full",
    fix: 'try again shortly; the cell is slower than its callers',
  },
  REASON_WAIT_FULL: {
    text: 'too many calls of this lane are waiting',
    fix: 'try again shortly; look at what the cell waits for',
  },
  REASON_QUARANTINE: {
    text: 'the cell ended its lane repeatedly and is quarantined',
    fix: 'try again in half a minute; the log of the host names the calls at fault',
  },
  REASON_CELL_LOADING: { text: 'the cell is not ready yet', fix: 'try again shortly' },
  REASON_PAYLOAD_TOO_LARGE: {
    text: 'the arguments are larger than this method accepts',
    fix: 'send less a call, or raise limits.payloadBytes of the cell',
  },
  REASON_REPLY_TOO_LARGE: {
    text: "the cell's answer is larger than a message may be",
    fix: 'ask for less a call: pages or ranges',
  },
  REASON_REPLY_WILD: {
    text: 'the cell answered with memory that it does not have',
    fix: 'report it to the author of the cell: the module is broken',
  },
  REASON_DUPLICATE_CALL: {
    text: 'this call id is already in use on this connection',
    fix: 'report it: two clients write to one connection, or a client is broken',
  },
  REASON_CANCELLED: { text: 'the call was cancelled', fix: 'nothing: the caller asked for it' },
  REASON_CHANNEL: {
    text: 'this host does not serve that channel',
    fix: 'use channel APP, or a newer host',
  },
  REASON_EXTENSION: {
    text: 'the frame carries an extension that this host must understand and does not',
    fix: 'use a newer host, or leave the extension out',
  },
  REASON_DRAINING: {
    text: 'the host is shutting down',
    fix: 'connect again: another host, or this one after its restart',
  },
  REASON_NO_CELL: {
    text: 'the cell that it calls is not loaded in this host',
    fix: 'serve that cell too: `cell run a.cell.ts b.cell.ts`',
  },
  REASON_CALL_CYCLE: {
    text: 'the cell that it calls is waiting for this very call',
    fix: 'break the circle: an actor cannot serve a call while it is in one',
  },
  REASON_CALL_DEPTH: {
    text: 'calls from cell to cell nest too deep',
    fix: 'look for cells that call each other without end; 16 levels are served',
  },
  REASON_CALL_WAITS: {
    text: 'the cell that it calls has to wait, and this call cannot',
    fix: 'try again shortly: cells were being loaded',
  },
  REASON_CALL_START: {
    text: 'a cell cannot call another one before it has started',
    fix: 'call it from a method: in start() there is no caller whose rights would count',
  },
  REASON_REMOTE_CHANGED: {
    text: 'the cell that it calls has another signature than it was built against',
    fix: 'build the calling cell again',
  },
  CLOSE_FRAME_LENGTH: {
    text: 'a frame is longer than its message',
    fix: 'report it: the sender wrote a wrong length, or a proxy cut the message',
  },
  CLOSE_FRAME_KIND: {
    text: 'a frame has a kind that a client may not send',
    fix: 'check that client and host speak the same version of the protocol',
  },
  CLOSE_FRAME_FLAGS: {
    text: 'a frame has reserved flags set',
    fix: 'check that client and host speak the same version of the protocol',
  },
  CLOSE_TRUNCATED: {
    text: 'a message ends inside a frame header',
    fix: 'report it: the sender must send whole frames',
  },
  CLOSE_PADDING: {
    text: 'the padding of a frame runs past its message',
    fix: 'report it: frames are padded to 8 bytes',
  },
};

const BY_NUMBER = new Map<number, ReasonText>();
for (const name of Object.keys(TEXTS) as ReasonName[]) BY_NUMBER.set(numbers[name], TEXTS[name]);

/** The words for a reason number; one that this client is too old to know is said to be so. */
export function reasonText(reason: number): ReasonText {
  const known = BY_NUMBER.get(reason);
  if (known !== undefined) return known;
  return {
    text: `refused for reason ${reason}, which this client does not know`,
    fix: 'update the client to the version of the host',
  };
}
