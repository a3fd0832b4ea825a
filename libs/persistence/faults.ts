/** Why a statement failed, in the words the rest of Berth decides by. */
export type DatabaseFaultKind =
  /** A unique index said no; `constraint` names it. */
  | 'conflict'
  /** berth_refuse() was called; `constraint` is its code. */
  | 'refused'
  /** No connection, a restart, a time-out, a deadlock: the same statement may pass later. */
  | 'unavailable'
  | 'other';

export class DatabaseFault extends Error {
  readonly kind: DatabaseFaultKind;
  readonly constraint: string | null;

  constructor(kind: DatabaseFaultKind, constraint: string | null, cause: unknown) {
    super(`database: ${kind}${constraint ? ` (${constraint})` : ''}`, { cause });
    this.name = 'DatabaseFault';
    this.kind = kind;
    this.constraint = constraint;
  }
}

// Connection exceptions, resources used up, operator intervention, serialization and deadlock, lock not available,
// and a server that takes no writes, as in the middle of a failover.
const TRANSIENT_STATES = /^(08|53|57P|40001|40P01|55P03|57014|25006)/;
const TRANSIENT_PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);
const TRANSIENT_TEXT =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|server closed the connection|the database system is|client has encountered a connection error|not queryable|Can't reach database/i;

/** Classifies what Prisma, its adapter or pg threw. */
export function databaseFault(error: unknown): DatabaseFault {
  if (error instanceof DatabaseFault) return error;
  const facts = collect(error);
  if (facts.states.has('BE001'))
    return new DatabaseFault('refused', facts.text.match(/\b(no_capacity)\b/)?.[1] ?? null, error);
  if (facts.states.has('23505') || facts.states.has('P2002')) {
    return new DatabaseFault('conflict', facts.text.match(/unique constraint "?([\w]+)/)?.[1] ?? null, error);
  }
  const transient =
    [...facts.states].some((state) => TRANSIENT_STATES.test(state) || TRANSIENT_PRISMA.has(state)) ||
    TRANSIENT_TEXT.test(facts.text);
  return new DatabaseFault(transient ? 'unavailable' : 'other', null, error);
}

/** Codes and texts from anywhere in an error: Prisma nests what pg said several levels deep. */
function collect(error: unknown): { states: Set<string>; text: string } {
  const states = new Set<string>();
  const texts: string[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (depth > 6 || value === null || typeof value !== 'object') return;
    const record = value as Record<string, unknown>;
    for (const key of ['code', 'originalCode', 'sqlState'])
      if (typeof record[key] === 'string') states.add(record[key]);
    for (const key of ['message', 'originalMessage', 'kind'])
      if (typeof record[key] === 'string') texts.push(record[key]);
    for (const key of ['cause', 'meta', 'driverAdapterError', 'error', 'errors']) {
      const inner = record[key];
      if (Array.isArray(inner)) inner.forEach((each) => visit(each, depth + 1));
      else visit(inner, depth + 1);
    }
  };
  visit(error, 0);
  return { states, text: texts.join('\n') };
}
