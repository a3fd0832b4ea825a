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
  'Rows Removed by Filter'?: number;
  'Actual Loops': number;
  Plans?: Plan[];
}

/** The tables that must never be read from end to end: they grow with use. */
const GROWING = new Set(['bot', 'operation', 'event']);
/** Rows that a statement may look at in vain before an index is missing: a fifth of the largest table. */
const IN_VAIN = 10_000;

/**
 * What a statement reads that it should not, by the plan for its values, and by the plan that Postgres makes for any
 * values, which it may prefer once a statement has run a few times. Runs it, and takes back what it did.
 */
export async function needlessReads(client: Client, { text, values }: Statement): Promise<string[]> {
  await client.query('BEGIN');
  try {
    await client.query(`PREPARE looked_at AS ${text}`);
    const found: string[] = [];
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
      const parameters = values.map((value) => literal(client, value)).join(', ');
      const execute = values.length === 0 ? 'looked_at' : `looked_at(${parameters})`;
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
        `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE ${execute}`,
      );
      const scans = (rows[0]?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => scansOf(Plan));
      const inVain = scans.reduce((sum, scan) => sum + (scan['Rows Removed by Filter'] ?? 0) * scan['Actual Loops'], 0);
      for (const scan of scans) {
        if (scan['Node Type'] === 'Seq Scan') found.push(`${mode}: all of ${scan['Relation Name']}`);
      }
      if (inVain > IN_VAIN) found.push(`${mode}: ${inVain} rows in vain`);
    }
    return found;
  } finally {
    await client.query('ROLLBACK');
    await client.query('DEALLOCATE ALL');
  }
}

function scansOf(plan: Plan): Plan[] {
  return [...(GROWING.has(plan['Relation Name'] ?? '') ? [plan] : []), ...(plan.Plans ?? []).flatMap(scansOf)];
}

function literal(client: Client, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return client.escapeLiteral(`{${value.join(',')}}`);
  if (typeof value === 'object') throw new TypeError('a statement takes text, numbers and truth values');
  return client.escapeLiteral(`${value as string | number | bigint | boolean}`);
}
