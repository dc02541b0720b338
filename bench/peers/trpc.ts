// The tRPC 11 router that trpc-http.ts and trpc-ws.ts serve. Input is parsed by a plain function,
// the cheapest validator that tRPC takes.

import { initTRPC, TRPCError } from '@trpc/server';
import { users } from './peer.ts';

export interface Context {
  allowed: boolean;
}

const t = initTRPC.context<Context>().create();

const guarded = t.procedure.use(({ ctx, next }) => {
  if (!ctx.allowed) throw new TRPCError({ code: 'UNAUTHORIZED' });
  return next();
});

export const router = t.router({
  users: t.router({
    get: guarded
      .input((value: unknown): string => {
        if (typeof value !== 'string') throw new Error('id: expected a string');
        return value;
      })
      .query(({ input }) => {
        const user = users.get(input);
        if (user === undefined) throw new TRPCError({ code: 'NOT_FOUND' });
        return user;
      }),
  }),
});

export type Router = typeof router;
