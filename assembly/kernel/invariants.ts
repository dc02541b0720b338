// Owns the checks of the debug build: what must hold after every frame. Compiled away at release.

import { invariantsOfMemo } from './memo';
import { invariantsOfMetrics } from './metrics';
import { invariantsOfReplies } from './reply';
import { invariantsOfInput } from './ring';
import { invariantsOfSpans } from './spans';

@inline
export function invariants(): void {
  if (ASC_NO_ASSERT) return;
  invariantsOfInput();
  invariantsOfReplies();
  invariantsOfMetrics();
  invariantsOfMemo();
  invariantsOfSpans();
}
