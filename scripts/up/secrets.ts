import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Secrets {
  apiKey: string;
  secretKey: string;
  postgresPassword: string;
}

/** Made once and kept, for this user's eyes only, in the data folder. What the environment gives wins and is not stored. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const kept = await read(file);
  const secrets: Secrets = {
    apiKey: kept.apiKey ?? `berth_${randomBytes(24).toString('hex')}`,
    secretKey: kept.secretKey ?? randomBytes(32).toString('hex'),
    postgresPassword: kept.postgresPassword ?? randomBytes(24).toString('hex'),
  };
  if (Object.keys(kept).length < Object.keys(secrets).length) {
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } else {
    await chmod(file, 0o600);
  }
  return {
    ...secrets,
    apiKey: process.env['BERTH_API_KEY']?.trim() || secrets.apiKey,
    secretKey: process.env['BERTH_SECRET_KEY']?.trim() || secrets.secretKey,
  };
}

async function read(file: string): Promise<Partial<Secrets>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<Secrets>;
  } catch {
    // Never replaced in silence: without the old ones the stored data cannot be read.
    throw new Error(`${file} is not valid JSON. Repair it; or, to start afresh and lose all data, remove its folder.`);
  }
}
