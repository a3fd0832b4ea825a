/** Regular files of the fake, by absolute path. */
export type FakeFiles = Map<string, string>;

/** What lies beneath the directory, by paths that begin at it. */
export function filesBeneath(files: FakeFiles, directory: string): FakeFiles {
  const prefix = `${directory}/`;
  return new Map(
    [...files].filter(([path]) => path.startsWith(prefix)).map(([path, text]) => [path.slice(directory.length), text]),
  );
}

export function sizeOf(files: FakeFiles): number {
  return [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

export function sameFiles(a: FakeFiles, b: FakeFiles): boolean {
  return a.size === b.size && [...a].every(([path, text]) => b.get(path) === text);
}
