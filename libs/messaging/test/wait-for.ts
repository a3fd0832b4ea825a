/** Resolves when the condition holds; rejects, naming it, when it does not within the deadline. */
export async function waitFor(what: string, condition: () => boolean | Promise<boolean>, deadlineMs = 30_000) {
  const endsAt = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A promise and the means to settle it, to hold a handler where a test wants it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
