/** `node dist/scripts/migrate.js`: brings the database at DATABASE_URL up to date. */
import { migrate } from './engines/migrations.js';

const databaseUrl = process.env['DATABASE_URL'];
if (!databaseUrl) {
  console.error('migrate: DATABASE_URL is not set. Example: DATABASE_URL=postgresql://user:password@localhost/berth');
  process.exit(2);
}
try {
  const applied = await migrate(databaseUrl);
  console.log(applied.length === 0 ? 'migrate: up to date' : `migrate: applied ${applied.join(', ')}`);
  // The schema engine leaves a timer of 10 s behind.
  process.exit(0);
} catch (error) {
  console.error(`migrate: failed. ${error instanceof Error ? error.message : JSON.stringify(error)}`);
  process.exit(1);
}
