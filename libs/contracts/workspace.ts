import { z } from 'zod';
import { envEntries } from './container.js';
import { text } from './fields.js';

/** Longest path inside a container that any call takes. Bytes of UTF-8. */
export const MAX_PATH_BYTES = 4096;
/** As much of each output is answered at once. Bytes. */
export const MAX_OUTPUT_BYTES = 1024 * 1024;
/** The kernel takes no longer argument. */
const MAX_ARGUMENT = 131_000;

/** An absolute path inside a container. */
export const containerPath = text(MAX_PATH_BYTES)
  .startsWith('/', 'must be absolute')
  .refine((path) => Buffer.byteLength(path) <= MAX_PATH_BYTES, `must be at most ${MAX_PATH_BYTES} bytes`)
  .refine((path) => !path.split('/').includes('..'), 'must not contain ".."');

/** A user as engines know it: a name or an id, with a group if wanted. */
const user = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$/, {
  message: 'must be a user such as nobody, 1000 or 1000:1000',
});

const argument = text(MAX_ARGUMENT).refine(
  (value) => Buffer.byteLength(value) <= MAX_ARGUMENT,
  `must be at most ${MAX_ARGUMENT} bytes`,
);

/** In a command that is a list. */
const MAX_WORDS = 1024;

/** A string is a line for `sh -c`; a list is run as it is. */
export const commandField = z
  .union([argument.min(1), z.array(argument).min(1).max(MAX_WORDS)], {
    error: `must be a line for the shell, or a list of 1 to ${MAX_WORDS} words, none longer than ${MAX_ARGUMENT} bytes`,
  })
  .refine((command) => typeof command === 'string' || command[0] !== '', 'must name a program')
  .describe('A line for `sh -c`, or a program with its arguments, run as it is.');

const ENCODINGS = ['utf8', 'base64'] as const;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

export const execBody = z
  .strictObject({
    command: commandField,
    cwd: containerPath.optional().describe("Where it runs; the image's own directory by default."),
    env: envEntries.describe("On top of the container's."),
    stdin: z.string().max(262_144).optional().describe('All of its input, in the same encoding as its output.'),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(60)
      .describe('After this long it is killed, with all that it has begun.'),
    user: user.optional(),
    encoding: z.enum(ENCODINGS).default('utf8').describe('Of `stdin`, `stdout` and `stderr`: base64 for exact bytes.'),
  })
  .refine(({ stdin = '', encoding }) => encoding !== 'base64' || BASE64.test(stdin), {
    path: ['stdin'],
    message: 'Must be base64, as `encoding` says.',
  })
  .meta({ id: 'Exec' });
export type ExecBody = z.output<typeof execBody>;

export const execResultSchema = z
  .object({
    exitCode: z.int().describe('126: could not be executed; 127: not found; 128+n: ended by signal n.'),
    stdout: z.string(),
    stderr: z.string(),
    truncated: z.boolean().describe(`Whether more than ${MAX_OUTPUT_BYTES} bytes came on either output.`),
    timedOut: z.boolean(),
    durationMs: z.int(),
  })
  .meta({ id: 'ExecResult' });
export type ExecResult = z.output<typeof execResultSchema>;
