interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** All items of a list, page by page, each page read when it is needed. */
export async function* allOf<T>(page: (cursor?: string) => Promise<Page<T>>): AsyncGenerator<T, void, undefined> {
  for (let cursor: string | undefined; ;) {
    const { items, nextCursor } = await page(cursor);
    yield* items;
    if (nextCursor === null) return;
    cursor = nextCursor;
  }
}
