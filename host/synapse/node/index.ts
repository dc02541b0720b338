// The entry "cell/synapse" for Node: finds hosts through the environment and the project's
// folder, and carries calls over ws, Unix sockets and TCP. The names are those of ../index.ts.

import { usePlatform } from '../connect.ts';
import { node } from './discover.ts';

usePlatform(node);

export * from '../index.ts';
