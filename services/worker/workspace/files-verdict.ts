import type { ProblemCode } from '#contracts';
import { AgentRefusal } from '../agent/refusal.js';

/** What a verdict begins with. */
const BEGIN = '\x1e';

/** The words of the first verdict among complaints; null while there is none. */
export function verdictIn(complaints: string): string[] | null {
  const from = complaints.indexOf(BEGIN);
  const to = complaints.indexOf('\n', from);
  return from < 0 || to < 0 ? null : complaints.slice(from + 1, to).split(' ');
}

type Refused = [code: ProblemCode, detail: (path: string, what: string) => string];

/** What a script tells where it cannot do what it was asked. */
const REFUSALS: Record<string, Refused> = {
  missing: ['file_not_found', (path) => `There is nothing at ${path}.`],
  notdir: ['file_conflict', (path) => `${path} is not, or does not lead through, a directory.`],
  directory: ['file_conflict', (path) => `${path} is a directory.`],
  special: ['file_conflict', (path) => `${path} is no regular file.`],
  mounted: ['file_conflict', (path) => `${path} is a mount, or holds one.`],
  notempty: ['file_conflict', (path) => `The directory ${path} is not empty; recursive=true deletes it all the same.`],
  blocked: [
    'file_conflict',
    (path) => `An entry would replace a directory, or lead through something else, in ${path}.`,
  ],
  loop: ['file_conflict', (path) => `The link ${path} leads nowhere.`],
  kernel: ['validation_failed', (path) => `${path} leads into /proc, /sys or /dev.`],
  root: ['validation_failed', (path) => `${path} leads to the root.`],
  within: ['validation_failed', (path) => `${path} cannot be moved into itself.`],
  cut: ['node_unavailable', (_path, what) => `The connection into the container broke while ${what}.`],
};

/** What programs complain of, and what that is to the caller. */
const COMPLAINTS: [pattern: RegExp, code: ProblemCode][] = [
  [/No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/, 'disk_full'],
  [/File name too long|Invalid argument/, 'validation_failed'],
  [/Cannot fork|can't fork|Resource temporarily unavailable/, 'quota_exceeded'],
];

/** A verdict as the refusal that it is; null where it is none. `complaints` are what the programs wrote. */
export function refusalOf(
  [word = '', subject = '']: string[],
  { path, what }: { path: string; what: string },
  complaints = '',
): AgentRefusal | null {
  if (word === 'lacks') return lacking(subject, { what });
  if (word === 'failed' || word === 'unpacked') {
    const code =
      COMPLAINTS.find(([pattern]) => pattern.test(complaints))?.[1] ??
      (word === 'failed' ? 'file_conflict' : 'validation_failed');
    return new AgentRefusal(code, `Failed while ${what}, ${path}: ${lastLine(complaints) || 'no reason was told'}`);
  }
  const refused = REFUSALS[word];
  return refused ? new AgentRefusal(refused[0], refused[1](path, what)) : null;
}

/** Of a program that the image must have. */
export function lacking(program: string, { what }: { what: string }): AgentRefusal {
  return new AgentRefusal('image_lacks_program', `The image has no ${program}, which ${what} needs.`);
}

/** The last complaint in a form that a line of text can hold. */
function lastLine(complaints: string): string {
  const lines = (complaints.split(BEGIN)[0] ?? '').split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? '').replaceAll(/\p{Cc}/gu, '').slice(0, 300);
}
