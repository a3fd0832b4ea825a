import { BOT_ID_PATTERN } from '#domain';
import { z } from 'zod';

/** Text that Postgres and JSON can hold: no NUL, no lone surrogate. */
export const text = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must be well-formed text without NUL');

/** A name for people: trimmed, 1 to `max` characters, none of them a control character. */
export const printable = (max: number): z.ZodType<string, string> =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    // Not told as a pattern: without its flag, which JSON Schema cannot say, it means something else.
    .refine((value) => /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u.test(value), 'must be printable')
    .refine((value) => /[^\p{C}\p{Z}]/u.test(value), 'must have something to be seen')
    .refine((value) => value.isWellFormed(), 'must be well-formed text');

export const botId = z
  .string()
  .regex(BOT_ID_PATTERN, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-", beginning and ending with a letter or digit')
  .meta({ examples: ['alice'] });

export const time = z.iso.datetime().meta({ examples: ['2026-11-23T09:30:00.000Z'] });
export const uuid = z.uuid().meta({ examples: ['01a22c1e-07c5-7578-8d62-a9e7ca21525f'] });

/** An image reference as engines understand it: `[registry[:port]/]path[:tag][@digest]`. */
export const imageRef = text(512).regex(
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/,
  'must be an image reference such as debian:bookworm-slim',
);

/** A number in a query string, documented as the number that it is. */
export const queryInt = (min: number, max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max });

export const queryBoolean = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .meta({ type: 'boolean' });

export const pageLimit = queryInt(1, 100).default(50).describe('Items on a page.');

export const page = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('Where the next page begins; null on the last one.'),
  });
