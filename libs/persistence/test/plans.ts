import type { Client } from 'pg';
import type { Database } from '../index.js';

export interface Statement {
  text: string;
  values: unknown[];
}

/** Passes statements on to a database and remembers them. */
export function recording(database: Database): { database: Database; statements: Statement[] } {
  const statements: Statement[] = [];
  return {
    statements,
    database: {
      ...database,
      query(text, values = []) {
        statements.push({ text, values });
        return database.query(text, values);
      },
    },
  };
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

/** The tables that must never be read from end to end: they grow with use. */
const GROWING = new Set(['bot', 'operation', 'event']);

/**
 * What a statement reads whole, by the plan for its values, and by the plan that Postgres makes for any values,
 * which it may prefer once a statement has run a few times.
 */
export async function fullReads(client: Client, { text, values }: Statement): Promise<string[]> {
  await client.query(`PREPARE looked_at AS ${text}`);
  try {
    const found: string[] = [];
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`);
      const parameters = values.map((value) => literal(client, value)).join(', ');
      const execute = values.length === 0 ? 'looked_at' : `looked_at(${parameters})`;
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
        `EXPLAIN (FORMAT JSON) EXECUTE ${execute}`,
      );
      for (const { Plan } of rows[0]?.['QUERY PLAN'] ?? [])
        found.push(...walk(Plan).map((table) => `${table} (${mode})`));
    }
    return found;
  } finally {
    await client.query('DEALLOCATE looked_at');
  }
}

function walk(plan: Plan): string[] {
  const table = plan['Relation Name'];
  const here = plan['Node Type'] === 'Seq Scan' && table !== undefined && GROWING.has(table) ? [table] : [];
  return [...here, ...(plan.Plans ?? []).flatMap(walk)];
}

function literal(client: Client, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return client.escapeLiteral(`{${value.join(',')}}`);
  if (typeof value === 'object') throw new TypeError('a statement takes text, numbers and truth values');
  return client.escapeLiteral(`${value as string | number | bigint | boolean}`);
}
