import { BOT_ID_PATTERN } from '#domain';
import { z } from 'zod';
import { pageLimit, text } from './fields.js';

/** The lists that are read page by page, and what stands last on a page of each. */
const LISTS = {
  bots: BOT_ID_PATTERN,
  operations: z.regexes.uuid(),
  keys: z.regexes.uuid(),
  snapshots: z.regexes.uuid(),
  tasks: z.regexes.uuid(),
  nodes: /^[a-z0-9][a-z0-9-]{0,62}$/,
} as const satisfies Record<string, RegExp>;

export type List = keyof typeof LISTS;

/** Where the next page of a list begins, as text that clients are not to look into. `last`: the id of its last item. */
export function cursorOf(list: List, last: string): string {
  return Buffer.from(`${list}:${last}`).toString('base64url');
}

/** A cursor that a page of this list carried, read as the id that the page ended with. */
export const cursorIn = (list: List): z.ZodType<string, string> =>
  text(256).transform((given, context) => {
    const [, last = ''] = Buffer.from(given, 'base64url').toString().split(`${list}:`);
    if (LISTS[list].test(last) && cursorOf(list, last) === given) return last;
    context.addIssue({ code: 'custom', message: 'must be a cursor that a page of this list carried' });
    return z.NEVER;
  });

/** What every list takes in its query. */
export const pageQuery = (list: List) => ({
  limit: pageLimit,
  cursor: cursorIn(list).optional().describe('The `nextCursor` of the page before.'),
});
