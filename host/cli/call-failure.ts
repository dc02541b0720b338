// Owns what `cell call` says of a call that was refused: the client's words where they fit a shell,
// and flags of this verb as the fix. Never prints.
import * as reasons from '../../assembly/shared/reason.ts';
import type { Method } from '../schema/types.ts';
import { type CellError, Status } from '../synapse/node/index.ts';

/** The flags that decide what would help. */
interface Given {
  token?: string;
  role: string[];
  scope: string[];
  anonymous?: boolean;
  timeout: number;
}

/** What is printed of a failure. */
export interface Told {
  status: number;
  message: string;
  fix: string | null;
}

const NAMES = new Map(Object.entries(reasons).map(([name, number]) => [number as number, name]));

/** `REASON_ROLE` for 5; null for 0, where the cell itself answered, and for unknown numbers. */
export function reasonName(reason: number): string | null {
  return reason === reasons.REASON_NONE ? null : (NAMES.get(reason) ?? null);
}

const isDevelopment = ({ token, anonymous }: Given): boolean =>
  token === undefined && anonymous !== true && !process.env.CELL_TOKEN;

/** Flags that would add to a development token what the method demands; null when nothing lacks. */
function rightsFix({ access }: Method, given: Given): string | null {
  const flags: string[] = [];
  const { anyRole, scopes } = access;
  if (anyRole.length > 0 && !anyRole.some((role) => given.role.includes(role))) {
    flags.push(
      anyRole.length === 1 ? `--role ${anyRole[0]}` : `--role <one of: ${anyRole.join(', ')}>`,
    );
  }
  const lacking = scopes.filter((scope) => !given.scope.includes(scope));
  flags.push(...lacking.map((scope) => `--scope ${scope}`));
  return flags.length === 0 ? null : `with a development token: ${flags.join(' ')}`;
}

/**
 * The words for `error` of a call of `name`.
 * @param method as the module says it that runs here, or that was built here
 */
export function toldOf(error: CellError, method: Method, name: string, given: Given): Told {
  const { status, message, cause } = error;
  if ((cause as Error | undefined)?.name === 'TimeoutError') {
    return {
      status: Status.DEADLINE_EXCEEDED,
      message: `${name}: ${message}, which is what --timeout gives`,
      fix: `a longer one, such as --timeout ${Math.max(1000, given.timeout * 10)}`,
    };
  }
  const { token, anonymous } = given;
  const closed = status === Status.UNAUTHENTICATED && !method.access.public;
  if (closed && token === undefined) {
    if (anonymous !== true) return { status, message, fix: 'give --token' };
    const fix = 'leave out --anonymous, or give --token';
    return { status, message: `${name} needs a session`, fix };
  }
  const denied = status === Status.PERMISSION_DENIED && isDevelopment(given);
  return { status, message, fix: denied ? rightsFix(method, given) : null };
}
