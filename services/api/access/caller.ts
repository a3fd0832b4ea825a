import type { Scope } from '#contracts';
import type { Requester } from '#domain';

/** Who calls, and as which tenant. */
export interface Caller {
  tenant: { id: string; slug: string; name: string };
  /** Null for the operator, whose key stands in the configuration. */
  keyId: string | null;
  name: string;
  scopes: ReadonlySet<Scope>;
  isOperator: boolean;
}

export function requesterOf(caller: Caller): Requester {
  return { type: 'apiKey', id: caller.keyId ?? 'operator', name: caller.name };
}
